package store

import (
	"kassa/core/fault"
	"kassa/core/writer"
)

// SettingsOf returns the settings of the view's store.
func SettingsOf(v *writer.View) (*Settings, error) {
	s, ok := writer.Get[*Settings](v, SettingsRef)
	if !ok {
		return nil, fault.NotSetUp()
	}
	return s, nil
}
