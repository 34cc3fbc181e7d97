package cashier

import (
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/measure"
	"kassa/core/register"
)

func saleIDUsed(r journal.Record) error {
	return fault.New(fault.Conflict, "client_sale_id_used", "this client_sale_id belongs to another sale").With("bill_id", string(r.ID))
}

// CartUnknown is the fault for a cart that is not there, or no longer.
func CartUnknown(i id.ID) error {
	return fault.New(fault.NotFound, "cart_unknown", "there is no such cart").With("cart_id", string(i))
}

// TooManyCarts is the fault for one cart more than MaxCarts.
func TooManyCarts() error {
	return fault.New(fault.Conflict, "too_many_carts", "a store parks at most %d carts; discard some", MaxCarts)
}

// CheckCart returns the fault CartUnknown for a cart without a version, and version_stale for one that has another than was seen, where that is
// not 0.
func CheckCart(i id.ID, has, seen int64) error {
	switch {
	case has == 0:
		return CartUnknown(i)
	case seen != 0 && seen != has:
		return fault.StaleVersion(has)
	}
	return nil
}

func cartPaid(bill id.ID) error {
	return fault.New(fault.Conflict, "cart_paid", "this cart is paid already").With("bill_id", string(bill))
}

func tokenInvalid() error {
	return fault.New(fault.Unauthenticated, "member_token_invalid", "this needs a member token that is neither expired nor spent; the member enters the PIN again")
}

func memberUnknown(i id.ID) error {
	return fault.New(fault.NotFound, "member_unknown", "there is no such member").With("member_id", string(i))
}

func productUnknown(i id.ID, line int) error {
	return fault.New(fault.NotFound, "product_unknown", "there is no such product").With("product_id", string(i)).With("line", line+1)
}

func registerInactive(r *register.Register) error {
	return fault.New(fault.Conflict, "register_inactive", "register %s is not in use", r.Name()).With("register_id", string(r.ID()))
}

func insufficientStock(p *inventory.Product, asked, there measure.Quantity) error {
	return fault.New(fault.Invalid, "insufficient_stock", "%s of %q were asked for and %s are there", asked.Format(p.Unit()), p.Name(), there.Format(p.Unit())).
		With("product_id", string(p.ID())).With("requested", p.Unit().Fact(asked)).With("available", p.Unit().Fact(there))
}

// priceChanged carries the bill as it would be now, without number.
func priceChanged(b *Bill) error {
	return fault.New(fault.Conflict, "price_changed", "the total is %s now", b.Currency.Format(b.Total)).With("quote", b)
}

func approvalRequired(what string) error {
	return fault.New(fault.Forbidden, "approval_required", "%s needs a manager", what)
}

func notWithoutManager() error { return approvalRequired("giving money back") }

// drawerEmpty turns the ledger's refusal on a drawer into the register's.
func drawerEmpty(err error, r *register.Register) error {
	f, ok := fault.As(err)
	if !ok || f.Code != "insufficient_funds" || f.Details["account"] != string(r.Drawer()) {
		return err
	}
	return fault.New(fault.Invalid, "insufficient_cash", "the drawer of %s holds %v and %v were asked for", r.Name(), f.Details["available"], f.Details["requested"]).
		With("register_id", string(r.ID())).With("requested", f.Details["requested"]).With("available", f.Details["available"])
}

func billUnknown(i id.ID) error {
	return fault.New(fault.NotFound, "bill_unknown", "there is no such bill").With("bill_id", string(i))
}

func notRefundable(k Kind) error {
	return fault.New(fault.Conflict, "not_refundable", "a %s cannot be refunded", k)
}

func walletClosed(member id.ID) error {
	return fault.New(fault.Conflict, "wallet_closed", "the member whose wallet paid is deleted; refund the sale by other tenders").With("member_id", string(member))
}

func alreadyVoided(i id.ID) error {
	return fault.New(fault.Conflict, "already_voided", "this bill is voided already").With("bill_id", string(i))
}

func notVoidable(why string) error {
	return fault.New(fault.Conflict, "not_voidable", "only a sale of today that nothing was refunded of, on a register not closed since, can be voided: %s", why)
}
