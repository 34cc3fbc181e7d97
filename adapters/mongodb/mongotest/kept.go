package mongotest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// nodePattern is the folder of a node of a set whose data is kept. Its port is in the name: the set knows its nodes by their ports.
const nodePattern = "node%d-%d"

// keptFolder takes the folder for this process, and makes it if needed.
func keptFolder(path string) (folder, error) {
	if err := os.MkdirAll(path, 0o750); err != nil {
		return folder{}, err
	}
	owner := filepath.Join(path, ownerName)
	f, err := os.OpenFile(owner, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // whoever starts the set names the folder
	if err != nil {
		return folder{}, err
	}
	if err := f.Close(); err != nil {
		return folder{}, err
	}
	unlock, ok := tryLock(owner)
	if !ok {
		return folder{}, fmt.Errorf("another set runs in %s", path)
	}
	return folder{path: path, unlock: unlock, kept: true}, nil
}

// place returns the nodes to start, and whether they are those of a set that was started before.
func (s *ReplicaSet) place(ctx context.Context, o Options) (nodes []*node, old bool, err error) {
	if o.Data == "" {
		ports, err := freePorts(ctx, o.Nodes)
		for i, port := range ports {
			nodes = append(nodes, &node{dir: filepath.Join(s.data.path, "node"+strconv.Itoa(i)), port: port})
		}
		return nodes, false, err
	}
	for i := 0; ; i++ {
		found, err := filepath.Glob(filepath.Join(s.data.path, fmt.Sprintf("node%d-*", i)))
		if err != nil || len(found) == 0 {
			break
		}
		port, err := strconv.Atoi(found[0][strings.LastIndexByte(found[0], '-')+1:])
		if err != nil {
			return nil, false, err
		}
		nodes = append(nodes, &node{dir: found[0], port: port})
	}
	switch len(nodes) {
	case o.Nodes:
		return nodes, true, nil
	case 0:
		ports, err := freePorts(ctx, o.Nodes)
		for i, port := range ports {
			nodes = append(nodes, &node{dir: filepath.Join(s.data.path, fmt.Sprintf(nodePattern, i, port)), port: port})
		}
		return nodes, false, err
	}
	return nil, false, fmt.Errorf("%s holds a set of %d nodes, not %d", s.data.path, len(nodes), o.Nodes)
}

// checkData refuses what a set cannot be started with again.
func (o Options) checkData() error {
	if o.Data != "" && o.Auth {
		return errors.New("a set whose data is kept has no authentication: its passwords would be lost")
	}
	return nil
}
