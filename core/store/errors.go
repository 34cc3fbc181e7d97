package store

import (
	"kassa/core/fault"
	"kassa/core/writer"
)

// SettingsOf returns the settings of the view's store.
func SettingsOf(v *writer.View) (*Settings, error) {
	s, ok := writer.Get[*Settings](v, SettingsRef)
	if !ok {
		return nil, fault.New(fault.Conflict, "not_set_up", "this store has no settings yet; POST /setup comes first")
	}
	return s, nil
}
