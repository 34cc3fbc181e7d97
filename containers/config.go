// Package containers wires the core to its adapters. It is the only package that knows all of them, and the only one that imports fx.
package containers

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Config is what the environment says. See .env.example for what each variable means to a shop.
type Config struct {
	Addr        string  `env:"KASSA_ADDR" envDefault:"127.0.0.1:8080"`
	MetricsAddr string  `env:"KASSA_METRICS_ADDR" envDefault:"127.0.0.1:9090"`
	Data        string  `env:"KASSA_DATA" envDefault:"./data"`
	MongoURI    string  `env:"KASSA_MONGODB_URI"`
	JWTKey      string  `env:"KASSA_JWT_KEY"`
	OperatorKey string  `env:"KASSA_OPERATOR_KEY"` // of the operator's routes, of which there are none yet
	Proxies     proxies `env:"KASSA_TRUSTED_PROXIES" envDefault:"127.0.0.0/8,::1"`
	Bench       bool    `env:"KASSA_BENCH"` // serves the bench's floor route; for kassa bench only
	BcryptCost  int     `env:"KASSA_BCRYPT_COST" envDefault:"12"`

	Slow     time.Duration `env:"KASSA_SLOW" envDefault:"500ms"` // from when on a request or commit has a line in the log; 0: never
	LogLevel slog.Level    `env:"KASSA_LOG_LEVEL" envDefault:"info"`

	Demo bool         // set by kassa demo
	Log  *slog.Logger // nil: none
}

// ReadConfig reads the environment and says in one sentence what is wrong with it.
func ReadConfig() (Config, error) {
	var c Config
	if err := env.Parse(&c); err != nil {
		return c, unread(err)
	}
	if err := c.readSecrets(); err != nil {
		return c, err
	}
	return c, c.check()
}

// readSecrets reads the secrets that stand in files: for NAME, in the one that NAME_FILE names. A container gets a file more safely than a variable.
func (c *Config) readSecrets() error {
	for name, secret := range map[string]*string{"KASSA_MONGODB_URI": &c.MongoURI, "KASSA_JWT_KEY": &c.JWTKey, "KASSA_OPERATOR_KEY": &c.OperatorKey} {
		path := os.Getenv(name + "_FILE")
		if path == "" {
			continue
		}
		b, err := os.ReadFile(path) //nolint:gosec // whoever starts the server names it
		text := strings.TrimSpace(string(b))
		switch {
		case err != nil:
			return fmt.Errorf("%s_FILE cannot be read: %w", name, err)
		case text == "":
			return fmt.Errorf("%s_FILE is the empty file %s", name, path)
		case *secret != "":
			return fmt.Errorf("%s and %s_FILE are both set; unset one", name, name)
		}
		*secret = text
	}
	return nil
}

// unread names the variable that cannot be read; env names the field.
func unread(err error) error {
	var wrong env.ParseError
	if !errors.As(err, &wrong) {
		return fmt.Errorf("the environment cannot be read: %w", err)
	}
	field, _ := reflect.TypeFor[Config]().FieldByName(wrong.Name)
	name, want := field.Tag.Get("env"), "a whole number"
	switch wrong.Type {
	case reflect.TypeFor[bool]():
		want = "true or false"
	case reflect.TypeFor[time.Duration]():
		want = "a time such as 500ms or 2s"
	case reflect.TypeFor[slog.Level]():
		want = "info, warn or error"
	case reflect.TypeFor[proxies]():
		want = "addresses or ranges such as 10.0.0.0/8, with commas between them"
	}
	return fmt.Errorf("%s is %q and must be %s", name, os.Getenv(name), want)
}

// proxies are the addresses whose word is taken for who sent a request.
type proxies []netip.Prefix

// UnmarshalText reads addresses and ranges with commas between them.
func (p *proxies) UnmarshalText(text []byte) error {
	for item := range strings.SplitSeq(string(text), ",") {
		item = strings.TrimSpace(item)
		if at, err := netip.ParseAddr(item); err == nil {
			*p = append(*p, netip.PrefixFrom(at, at.BitLen()))
			continue
		}
		in, err := netip.ParsePrefix(item)
		if err != nil {
			return err
		}
		*p = append(*p, in)
	}
	return nil
}

func (c *Config) check() error {
	for name, addr := range map[string]string{"KASSA_ADDR": c.Addr, "KASSA_METRICS_ADDR": c.MetricsAddr} {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return fmt.Errorf("%s is %q, and an address looks like 127.0.0.1:8080", name, addr)
		}
	}
	switch {
	case c.JWTKey != "" && len(c.JWTKey) < minKey:
		return fmt.Errorf("KASSA_JWT_KEY has %d bytes and needs at least %d", len(c.JWTKey), minKey)
	case c.Slow < 0:
		return fmt.Errorf("KASSA_SLOW is %s and must not be negative", c.Slow)
	case c.BcryptCost < minCost || c.BcryptCost > maxCost:
		return fmt.Errorf("KASSA_BCRYPT_COST is %d to %d, not %d", minCost, maxCost, c.BcryptCost)
	}
	return nil
}

const (
	minKey           = 32    // bytes of a key that signs tokens
	minCost, maxCost = 4, 31 // of bcrypt
)
