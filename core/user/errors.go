package user

import (
	"kassa/core/fault"
)

// Forbidden is the fault for what needs a manager.
func Forbidden() *fault.Error {
	return fault.New(fault.Forbidden, "forbidden", "only a manager may do this")
}

// Unknown is the fault for a user that does not exist, or no longer does.
func Unknown() *fault.Error {
	return fault.New(fault.NotFound, "user_unknown", "there is no such user")
}

// TokenInvalid is the fault for an access or refresh token that is not good, or no longer, whatever the reason.
func TokenInvalid() *fault.Error {
	return fault.New(fault.Unauthenticated, "token_invalid", "the token is not valid or has expired; sign in again")
}

// LoginFailed is the one answer to a wrong password, an unknown address or store and an account that is not active.
func LoginFailed() *fault.Error {
	return fault.New(fault.Unauthenticated, "login_failed", "e-mail or password is wrong")
}

func lastManager() *fault.Error {
	return fault.New(fault.Conflict, "last_manager", "a store keeps at least one active manager")
}
