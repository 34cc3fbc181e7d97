//go:build unix

package mongotest

import "syscall"

// freeze stops the process without ending it: its connections stay open and nothing answers.
func (p *process) freeze() error { return p.cmd.Process.Signal(syscall.SIGSTOP) }

// thaw lets a frozen process go on.
func (p *process) thaw() error { return p.cmd.Process.Signal(syscall.SIGCONT) }
