package mongotest

import (
	"context"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports below those that systems give to outgoing connections, so that a node that was killed finds its port free when it starts again.
const (
	firstPort    = 20000
	lastPort     = 32000
	portAttempts = 100
)

// freePorts returns different ports of the loopback address on which nobody listens now.
func freePorts(ctx context.Context, n int) ([]int, error) {
	var config net.ListenConfig
	ports := make([]int, 0, n)
	for attempt := 0; len(ports) < n; attempt++ {
		port := firstPort + rand.IntN(lastPort-firstPort) //nolint:gosec // a port is no secret
		l, err := config.Listen(ctx, "tcp", address(port))
		switch {
		case err == nil:
			defer func() { _ = l.Close() }() // when all are found, so that they differ
			ports = append(ports, port)
		case attempt == portAttempts:
			return nil, err
		}
	}
	return ports, nil
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
