package mongotest

import (
	"context"
	"errors"
	"testing"
)

// Standalone starts a server that is no replica set and ends with the test, and returns its URI.
func Standalone(t testing.TB) (uri string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	program, err := machine().findProgram(ctx)
	if err != nil {
		t.Fatal(err)
	}
	data, err := newFolder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(data.remove)
	for range startAttempts {
		if uri, err = standalone(ctx, t, program, data.path); !errors.Is(err, errEnded) {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return uri
}

func standalone(ctx context.Context, t testing.TB, program, dir string) (uri string, err error) {
	ports, err := freePorts(ctx, 1)
	if err != nil {
		return "", err
	}
	p, err := launch(program, dir, ports[0])
	if err != nil {
		return "", err
	}
	t.Cleanup(p.kill)
	if err := p.listens(ctx); err != nil {
		return "", p.explain(err)
	}
	return "mongodb://" + address(ports[0]) + "/", nil
}
