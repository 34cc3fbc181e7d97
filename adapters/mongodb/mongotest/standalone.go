package mongotest

import (
	"context"
	"errors"
	"slices"
	"testing"
)

// Standalone starts a server that is no replica set and ends with the test, and returns its URI.
func Standalone(t testing.TB) (uri string) {
	t.Helper()
	return "mongodb://" + Node(t) + "/"
}

// Node starts one mongod that ends with the test, and returns its address. With the name of a set among its arguments it waits to be
// made a member: that, and its users, are the test's matter.
func Node(t testing.TB, args ...string) (at string) {
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
		if at, err = startNode(ctx, t, program, data.path, args); !errors.Is(err, errEnded) {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func startNode(ctx context.Context, t testing.TB, program, dir string, args []string) (at string, err error) {
	ports, err := freePorts(ctx, 1)
	if err != nil {
		return "", err
	}
	p, err := launch(program, dir, ports[0], slices.Concat(small, args)...)
	if err != nil {
		return "", err
	}
	t.Cleanup(p.kill)
	if err := p.listens(ctx); err != nil {
		return "", p.explain(err)
	}
	return address(ports[0]), nil
}
