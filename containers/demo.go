package containers

import (
	"bytes"
	"context"
	"fmt"
	"net"

	mongosetup "kassa/mongo_setup"

	"kassa/adapters/productfile"
	"kassa/core/audit"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/idempotency"
	"kassa/core/inventory"
	"kassa/core/page"
	"kassa/core/register"
	"kassa/core/setup"
	"kassa/core/store"
	"kassa/core/user"

	"go.uber.org/fx"
)

// Login is a user of the demo.
type Login struct{ Role, Name, Email, Password string }

// DemoLogins are the fixed users of the demo. They are printed and known to all, so the demo listens on loopback only.
var DemoLogins = []Login{
	{"manager", "Mara Manager", "manager@demo.kassa", "manager-demo"},
	{"cashier", "Carl Cashier", "cashier@demo.kassa", "cashier-demo"},
}

// demoTill is the name of the till; demoProduct is the first product of the file, to try a sale with.
const (
	demoTill          = "Till 1"
	demoProduct id.ID = "691c3f80d25e7b0a4f8c31a8"
)

// DemoShop is what the demo serves.
type DemoShop struct {
	Listening
	Register id.ID
	Product  id.ID // one to try a sale with
}

// Demo makes the demo's shop where it is not there yet, and serves it until ctx ends.
func Demo(ctx context.Context, c Config, ready func(DemoShop)) error {
	host, _, err := net.SplitHostPort(c.Addr)
	if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("the demo's passwords are known to all, so it listens on this machine only; KASSA_ADDR is %s", c.Addr)
	}
	var d demo
	var at *Listening
	app := fx.New(Core(c), Web(), fx.Populate(&d.setup, &d.users, &d.registers, &d.products, &d.stores, &at))
	return run(ctx, app, func(ctx context.Context) error {
		shop, err := d.open(audit.WithActor(ctx, audit.System()))
		if err != nil {
			return fmt.Errorf("make the demo's shop: %w", err)
		}
		shop.Listening = *at
		ready(shop)
		select {
		case <-ctx.Done():
		case <-app.Wait():
		}
		return nil
	})
}

// demo makes the shop, step by step: a start that was broken off goes on where it stopped. The till is the last step: where there is one the
// shop is whole, and what its manager changes stays.
type demo struct {
	setup     *setup.Service
	users     *user.Service
	registers *register.Service
	products  *inventory.Service
	stores    store.Repository
}

func (d *demo) open(ctx context.Context) (DemoShop, error) {
	shop := DemoShop{Product: demoProduct}
	manager := DemoLogins[0]
	_, _, err := d.setup.Run(ctx, setup.Command{Name: "Kassa Demo", Currency: "EUR", TimeZone: "Europe/Berlin",
		Manager: user.Create{Name: manager.Name, Email: manager.Email, Password: manager.Password}})
	if err != nil && !fault.IsCode(err, "already_set_up") {
		return shop, err
	}
	s, err := onlyStore(ctx, d.stores)
	if err != nil {
		return shop, err
	}
	tills, err := d.registers.List(ctx, s.ID, page.Request{Limit: 1})
	if err == nil && len(tills.Items) == 0 {
		err = d.furnish(ctx, s)
	}
	if err != nil {
		return shop, err
	}
	till, err := d.registers.Create(ctx, s.ID, register.Create{Key: idempotency.Key("demo-till"), Name: demoTill, OpeningAmount: 20_000})
	shop.Register = till.Record.ID
	return shop, err
}

// furnish brings in the cashier and the hundred products.
func (d *demo) furnish(ctx context.Context, s store.Store) error {
	cashier := DemoLogins[1]
	_, err := d.users.Create(ctx, s.ID, user.Create{Name: cashier.Name, Email: cashier.Email, Role: user.Cashier, Password: cashier.Password})
	if err != nil && !fault.IsCode(err, "email_taken") {
		return err
	}
	rows, err := productfile.Read(productfile.JSON, bytes.NewReader(mongosetup.Products))
	if err != nil {
		return err
	}
	r, err := d.products.Import(ctx, s.ID, inventory.Import{Rows: rows})
	if err == nil && r.Failed > 0 {
		err = fmt.Errorf("%d of its products cannot be imported; the first is row %d: %s", r.Failed, r.Errors[0].Row, r.Errors[0].Detail)
	}
	return err
}
