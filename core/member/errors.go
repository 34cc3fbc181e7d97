package member

import (
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/money"
)

// Unknown is the fault for a member that does not exist, or no longer does.
func Unknown(i id.ID) *fault.Error {
	return fault.New(fault.NotFound, "member_unknown", "there is no such member").With("member_id", string(i))
}

// TokenInvalid is the fault where a member token is needed and there is none, or one that is expired, spent, or of a member who is deleted.
func TokenInvalid() *fault.Error {
	return fault.New(fault.Unauthenticated, "member_token_invalid",
		"this needs a member token that is neither expired nor spent; the member enters the PIN again")
}

// TokenForeign is the fault for a token of another member than the one it is used for.
func TokenForeign() *fault.Error {
	return fault.New(fault.Forbidden, "member_token_foreign", "this member token is another member's")
}

func walletNotEmpty(i id.ID, holds money.Amount) *fault.Error {
	return fault.New(fault.Conflict, "wallet_not_empty", "the member's wallet holds %d; once it is spent, the member can be deleted", holds).
		With("member_id", string(i)).With("balance", int64(holds))
}

func pinWrong() *fault.Error {
	return fault.New(fault.Forbidden, "pin_wrong", "the old PIN is wrong")
}

func oldPINRequired() *fault.Error {
	return fault.New(fault.Forbidden, "old_pin_required", "a PIN is changed with the old PIN (old_pin) or by a manager")
}

// loginFailed is the one answer to a wrong PIN and an unknown member.
func loginFailed() *fault.Error {
	return fault.New(fault.Unauthenticated, "login_failed", "member or PIN is wrong")
}
