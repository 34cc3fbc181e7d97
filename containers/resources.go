package containers

import (
	"kassa/adapters/rest"
	"kassa/adapters/security"
	"kassa/core/cashier"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/member"
	"kassa/core/register"
	"kassa/core/report"
	"kassa/core/setup"
	"kassa/core/store"
	"kassa/core/trail"
	"kassa/core/user"

	"go.uber.org/fx"
)

// setupToken lets somebody on another machine set Kassa up, once. The server prints it.
type setupToken string

func newSetupToken() setupToken {
	token, _ := security.NewRefresh()
	return setupToken(token)
}

// services are what the resources show.
type services struct {
	fx.In

	Setup     *setup.Service
	Users     *user.Service
	Members   *member.Service
	Products  *inventory.Service
	Registers *register.Service
	Cashier   *cashier.Service
	Carts     *cashier.CartService
	Settings  *store.SettingsService
	Reports   *report.Service
	Trail     *trail.Service
	Stores    store.Repository
	Journal   journal.Repository
	Token     setupToken
}

// resources are all routes of the API.
func resources(s services) []rest.Resource {
	return []rest.Resource{
		rest.NewSetup(s.Setup, string(s.Token)), rest.NewSessions(s.Users, s.Setup, s.Stores, s.Journal), rest.NewUsers(s.Users),
		rest.NewMembers(s.Members), rest.NewPayments(s.Cashier), rest.NewBills(s.Cashier, s.Stores),
		rest.NewCarts(s.Carts), rest.NewRegisters(s.Registers), rest.NewSettings(s.Settings), rest.NewTopUps(s.Cashier), rest.NewProducts(s.Products),
		rest.NewReports(s.Reports),
		rest.NewAuditLog(s.Trail),
	}
}
