package store

import (
	"context"
	"errors"
	"fmt"

	"kassa/core/id"
	"kassa/core/writer"
)

// SettingsService holds the use cases of a store's settings.
type SettingsService struct {
	w     *writer.Writer
	check func(v *writer.View) error
}

// NewSettingsService returns the service; check refuses an actor who may not edit (any more) while the edit is applied.
func NewSettingsService(w *writer.Writer, check func(v *writer.View) error) *SettingsService {
	return &SettingsService{w: w, check: check}
}

// Get returns the settings; Conflict fault not_set_up.
func (s *SettingsService) Get(ctx context.Context, st id.Store) (*Settings, error) {
	var found *Settings
	err := s.w.Read(ctx, st, func(v *writer.View) (err error) {
		found, err = SettingsOf(v)
		return err
	})
	return found, err
}

// Edit changes the settings and returns them; an edit that changes nothing leaves no record. Faults: version_stale, validation_failed,
// currency_fixed, not_set_up.
func (s *SettingsService) Edit(ctx context.Context, st id.Store, c EditSettings) (*Settings, error) {
	r, err := s.w.Do(ctx, st, &editSettings{c: c, check: s.check})
	if errors.Is(err, errUnchanged) {
		return s.Get(ctx, st)
	}
	if err != nil {
		return nil, err
	}
	d, ok := r.Record.Doc.(*SettingsChange)
	if !ok {
		return nil, fmt.Errorf("the record of a settings edit is a %T", r.Record.Doc)
	}
	return NewSettings(d.Options, d.Version)
}
