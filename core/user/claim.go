package user

import "kassa/core/journal"

// EmailClaim is the kind of the claims on users' e-mail addresses. The ! keeps the address out of records and of memory.
const EmailClaim = "!email"

// EmailRef names the claim on an e-mail address.
func EmailRef(email string) journal.Ref { return journal.NewRef(EmailClaim, Fold(email)) }
