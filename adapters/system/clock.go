// Package system gives the core what it may not take by itself: the time of this machine, and new identifiers.
package system

import (
	"time"

	"kassa/core/clock"
)

// Clock tells the time of this machine in milliseconds UTC. It implements clock.Clock.
type Clock struct{}

var _ clock.Clock = Clock{}

// Now returns the present instant.
func (Clock) Now() time.Time { return clock.Milli(time.Now()) }
