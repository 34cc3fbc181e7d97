//go:build !unix

package mongotest

import "errors"

// freeze cannot be had here.
func (p *process) freeze() error { return errors.ErrUnsupported }

// thaw cannot be had here.
func (p *process) thaw() error { return errors.ErrUnsupported }
