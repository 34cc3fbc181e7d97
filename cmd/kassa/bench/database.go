package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"kassa/core/fault"
)

// database is one of those that are measured side by side: a target, or a place with servers of our own on it.
type database struct {
	name      string
	place     Place // of a target: empty
	drop      func(ctx context.Context) error
	addresses []string  // of the servers
	processes []process // likewise, as far as they are known
	children  []*server // none with a target
	shop      *shop
	books     *books
	endLogin  context.CancelFunc
}

func pidOf(c config) []process {
	if c.pid == 0 {
		return []process{""}
	}
	return []process{process(strconv.Itoa(c.pid))}
}

// scratch makes a database of its own on the MongoDB server, named after the nodes of its set where there is more than one.
func (b *run) scratch(ctx context.Context, uri string) (*database, error) {
	if b.command.Scratch == nil {
		return nil, refuse("--mongodb cannot be used here")
	}
	b.say("making a database on MongoDB")
	s, err := b.command.Scratch(ctx, uri)
	if err != nil {
		return nil, err
	}
	name := onMongoDB
	if s.Nodes > 1 {
		name = fmt.Sprint(name, "-", s.Nodes)
	}
	for again := 2; slices.ContainsFunc(b.bases, func(o *database) bool { return o.name == name }); again++ {
		name = fmt.Sprint(name, "#", again)
	}
	return &database{name: name, place: Place{MongoDB: s.URI}, drop: s.Drop}, nil
}

// start starts one more server.
func (d *database) start(ctx context.Context) error {
	s, err := startServer(ctx, d.place)
	if err != nil {
		return err
	}
	d.children = append(d.children, s)
	d.addresses, d.processes = append(d.addresses, s.address), append(d.processes, s.process())
	return nil
}

// open makes the shop.
func (d *database) open(ctx context.Context, c config, number uint64) error {
	var err error
	if d.shop, err = openShop(ctx, c, d.addresses[0], number, d.place.Kept); err != nil {
		return err
	}
	d.books = newBooks(d.shop)
	var login context.Context
	login, d.endLogin = context.WithCancel(ctx)
	go keepAlive(login, append(d.shop.sellers, d.shop.manager))
	return nil
}

// end stops the servers and removes their data.
func (d *database) end() error {
	if d.endLogin != nil {
		d.endLogin()
	}
	if d.shop != nil {
		d.shop.api.close()
	}
	var errs []error
	for _, s := range d.children {
		errs = append(errs, s.stop())
	}
	if d.drop != nil {
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		errs = append(errs, d.drop(ctx))
	}
	return errors.Join(errs...)
}

// kept is where the servers keep their books.
func (d *database) kept() Place {
	if d.place.MongoDB != "" {
		return d.place
	}
	return Place{Data: d.children[0].data, Kept: d.place.Kept}
}

// forget empties the servers' logs.
func (d *database) forget() error {
	for _, s := range d.children {
		if err := s.forget(); err != nil {
			return err
		}
	}
	return nil
}

// blame adds what the servers said last to an error that may be their doing.
func (d *database) blame(err error) error {
	if len(d.children) == 0 {
		return err
	}
	f, ok := fault.As(err)
	if !ok {
		f = fault.New(fault.Unavailable, "server_gone", "%v", err).Wrap(err)
	}
	c := *f
	for _, s := range d.children {
		c.Message += "; the last words of the server on " + d.name + ": " + s.said()
	}
	return &c
}

// check compares the generator's books with the server's.
func (d *database) check(ctx context.Context, rolls []*roll) (findings, error) {
	wrong := d.books.enter(rolls)
	more, err := d.books.compare(ctx, d.shop)
	wrong.join(more)
	return wrong, err
}

// offers reports whether the server has what the scenario needs: it does not answer 404 there.
func (d *database) offers(ctx context.Context, s scenario) (path string, offered bool) {
	r := request{method: "GET", path: s.needs, token: *d.shop.manager.token.Load()}
	if s.path == floorPath {
		r.method, r.path, r.body = "POST", strings.TrimPrefix(s.path, "/api/v1"), struct{}{}
	}
	if r.path == "" {
		return "", true
	}
	status, _ := d.shop.api.do(ctx, r, nil)
	return r.path, status != 404 && status != 0
}
