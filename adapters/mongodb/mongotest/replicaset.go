package mongotest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

const (
	setName       = "kassa"
	rootName      = "root"
	keyFileName   = "keyfile"
	startAttempts = 3 // another program may take the port that was free a moment ago
	startTimeout  = 2 * time.Minute
	pollEvery     = 10 * time.Millisecond
)

// Options says which replica set to start. The zero value is one node without authentication.
type Options struct {
	Nodes int  // 1 or 3
	Auth  bool // a keyfile between the nodes, and nothing without a user
	Cache int  // of each node, in GB, see measured; a quarter of one and a small oplog when zero

	Data string // the folder that keeps the data, for a set that can be started again; empty: it is removed at the end
}

// ReplicaSet is a throw-away replica set on loopback ports whose nodes take a new primary within seconds. It ends with this process,
// also when that is killed (on Linux). Tests take a Cluster; this is for programs.
type ReplicaSet struct {
	program string
	data    folder
	keyFile string        // empty without authentication
	cache   int           // see Options
	root    *url.Userinfo // nil without authentication
	nodes   []*node
}

// node is one mongod of a set, running or not.
type node struct {
	dir  string
	port int

	mu      sync.Mutex
	process *process // nil when it was killed
	frozen  bool
}

// OpenReplicaSet starts a set and waits until it accepts writes and every node has the data. End it with Close.
func OpenReplicaSet(ctx context.Context, o Options) (*ReplicaSet, error) {
	program, err := machine().findProgram(ctx)
	if err != nil {
		return nil, fmt.Errorf("a replica set needs MongoDB: %w", err)
	}
	return openReplicaSet(ctx, program, o)
}

func openReplicaSet(ctx context.Context, program string, o Options) (*ReplicaSet, error) {
	o.Nodes = max(o.Nodes, 1)
	if o.Nodes != 1 && o.Nodes != 3 {
		return nil, fmt.Errorf("a replica set has 1 or 3 nodes, not %d", o.Nodes)
	}
	if err := o.checkData(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	var failures []error
	for range startAttempts {
		s, err := openOnce(ctx, program, o)
		if err == nil {
			return s, nil
		}
		failures = append(failures, err)
		if !errors.Is(err, errEnded) {
			break
		}
	}
	return nil, fmt.Errorf("%s did not become a replica set: %w", program, errors.Join(failures...))
}

func openOnce(ctx context.Context, program string, o Options) (*ReplicaSet, error) {
	var data folder
	var err error
	if o.Data == "" {
		data, err = newFolder()
	} else {
		data, err = keptFolder(o.Data)
	}
	if err != nil {
		return nil, err
	}
	s := &ReplicaSet{program: program, data: data, cache: o.Cache}
	if err := s.open(ctx, o); err != nil {
		err = s.explain(err)
		s.Close()
		return nil, err
	}
	return s, nil
}

// open makes the nodes and the users in the order that MongoDB wants: the key, the nodes, the set, its primary, the first user.
func (s *ReplicaSet) open(ctx context.Context, o Options) error {
	nodes, old, err := s.place(ctx, o)
	if err != nil {
		return err
	}
	if o.Auth {
		s.keyFile = filepath.Join(s.data.path, keyFileName)
		if err := os.WriteFile(s.keyFile, []byte(rand.Text()), 0o600); err != nil {
			return err
		}
	}
	for _, n := range nodes {
		if err := os.MkdirAll(n.dir, 0o750); err != nil {
			return err
		}
		s.nodes = append(s.nodes, n)
		if err := s.launch(n); err != nil {
			return err
		}
	}
	for _, n := range s.nodes {
		if err := n.process.listens(ctx); err != nil {
			return err
		}
	}
	if !old {
		if err := s.initiate(ctx); err != nil {
			return err
		}
	}
	if err := s.wait(ctx, func(said []hello) bool { return primary(said) >= 0 && complete(said) }); err != nil {
		return err
	}
	if o.Auth {
		return s.createRoot(ctx)
	}
	return nil
}

// launch starts the node's mongod and does not wait for it.
func (s *ReplicaSet) launch(n *node) error {
	args := []string{"--replSet", setName}
	if s.cache > 0 {
		args = append(args, measured(s.cache)...)
	} else {
		args = append(append(args, small...), "--oplogSize", "64")
	}
	if s.keyFile != "" {
		args = append(args, "--keyFile", s.keyFile)
	}
	p, err := launch(s.program, n.dir, n.port, args...)
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.process, n.frozen = p, false
	return nil
}

// initiate makes the nodes one set. A set of three misses its primary after two seconds instead of ten.
func (s *ReplicaSet) initiate(ctx context.Context) error {
	members := bson.A{}
	for i, n := range s.nodes {
		members = append(members, bson.D{{Key: "_id", Value: i}, {Key: "host", Value: address(n.port)}})
	}
	config := bson.D{
		{Key: "_id", Value: setName},
		{Key: "members", Value: members},
		{Key: "settings", Value: bson.D{
			{Key: "electionTimeoutMillis", Value: 2000},
			{Key: "heartbeatIntervalMillis", Value: 300},
			{Key: "catchUpTimeoutMillis", Value: 1000}, // a new primary asks a frozen node for long what it has
		}},
	}
	return withClient(ctx, s.direct(0, nil), func(c *mongo.Client) error {
		return c.Database("admin").RunCommand(ctx, bson.D{{Key: "replSetInitiate", Value: config}}).Err()
	})
}

// createRoot makes the first user, which MongoDB allows to anybody on the same machine.
func (s *ReplicaSet) createRoot(ctx context.Context) error {
	said, err := s.ask(ctx)
	if err != nil {
		return err
	}
	password := rand.Text()
	err = withClient(ctx, s.direct(max(primary(said), 0), nil), func(c *mongo.Client) error {
		return createUser(ctx, c.Database("admin"), rootName, password, bson.A{rootName}, len(s.nodes)) // each is asked as root
	})
	s.root = url.UserPassword(rootName, password)
	return err
}

// createUser makes a user and waits until as many nodes know it.
func createUser(ctx context.Context, db *mongo.Database, name, password string, roles bson.A, nodes int) error {
	return db.RunCommand(ctx, bson.D{
		{Key: "createUser", Value: name},
		{Key: "pwd", Value: password},
		{Key: "roles", Value: roles},
		{Key: "writeConcern", Value: bson.D{{Key: "w", Value: nodes}}},
	}).Err()
}

// URI is the whole set's, as root where there is authentication.
func (s *ReplicaSet) URI() string { return s.uri(s.root, "admin") }

// uri is the whole set's for a user of the database. A user of nil is nobody.
func (s *ReplicaSet) uri(user *url.Userinfo, database string) string {
	var hosts []string
	for _, n := range s.nodes {
		hosts = append(hosts, address(n.port))
	}
	u := url.URL{Scheme: "mongodb", User: user, Host: strings.Join(hosts, ","), Path: "/", RawQuery: "replicaSet=" + setName}
	if user != nil {
		u.Path += database // where the user is, too
	}
	return u.String()
}

// nodeURI is one node's, whatever its role in the set.
func (s *ReplicaSet) nodeURI(i int, user *url.Userinfo) string {
	u := url.URL{Scheme: "mongodb", User: user, Host: address(s.nodes[i].port), Path: "/", RawQuery: "directConnection=true"}
	return u.String()
}

// direct is a client of one node that does not wait long for it.
func (s *ReplicaSet) direct(i int, user *url.Userinfo) *options.ClientOptions {
	return options.Client().ApplyURI(s.nodeURI(i, user)).SetServerSelectionTimeout(askTimeout)
}

// Close ends the nodes at once and removes their data, unless it is kept.
func (s *ReplicaSet) Close() {
	for i := range s.nodes {
		s.kill(i)
	}
	s.data.remove()
}

// explain adds the ends of the nodes' logs to err.
func (s *ReplicaSet) explain(err error) error {
	for _, n := range s.nodes {
		if n.process != nil {
			err = n.process.explain(err)
		}
	}
	return err
}
