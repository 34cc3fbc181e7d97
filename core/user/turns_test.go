package user

import (
	"context"
	"sync"
	"testing"

	"kassa/core/fault"
)

func TestTwoOfOneNameTakeTurns(t *testing.T) {
	turns := NewTurns()
	release, err := turns.Take(t.Context(), "anna", "")
	if err != nil {
		t.Fatal(err)
	}
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := turns.Take(impatient, "anna"); !fault.IsCode(err, "busy") {
		t.Errorf("got %v", err)
	}
	release()
	if release, err = turns.Take(t.Context(), "anna"); err != nil {
		t.Fatal(err)
	}
	release()
}

func TestTurnsOnSeveralNamesNeverWaitForEachOther(t *testing.T) {
	turns := NewTurns()
	names := []string{"anna", "bert", "carl", "dora", "emil"} // more than there are turns, so that some share one
	inside := map[string]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			a, b := names[i%5], names[(i*3+1)%5]
			release, err := turns.Take(t.Context(), a, b)
			if err != nil {
				t.Error(err)
				return
			}
			defer release()
			mu.Lock()
			inside[a]++
			if inside[a] > 1 {
				t.Errorf("two had the turn of %s", a)
			}
			mu.Unlock()
			mu.Lock()
			inside[a]--
			mu.Unlock()
		})
	}
	wg.Wait()
}
