package containers

import (
	"testing"
	"time"
)

func TestTheNaiveWayProvesItsStock(t *testing.T) {
	s, err := NewScratch(t.Context(), "", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	err = s.Bare(t.Context(), 10, 2, func(b *Bare) error {
		for _, hot := range []bool{true, false} {
			f, err := b.Naive(t.Context(), 4, hot, 50*time.Millisecond)
			if hot && (err != nil || f.Sales == 0 || f.Refused+f.Failures != 0) {
				t.Errorf("%+v: %v", f, err)
			}
			if !hot && err == nil {
				t.Error("a stock that the first run took from is thought to be whole")
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := s.Remove(t.Context()); err != nil {
		t.Error(err)
	}
}
