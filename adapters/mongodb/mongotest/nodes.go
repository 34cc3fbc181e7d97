package mongotest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

const askTimeout = 5 * time.Second // a frozen node answers never, one on a busy machine late

var errNotRunning = errors.New("the node does not run")

// hello is what a node says of itself. A node that says nothing is the zero value.
type hello struct {
	SetName   string        `bson:"setName"`
	Me        string        `bson:"me"` // its address
	Writable  bool          `bson:"isWritablePrimary"`
	Secondary bool          `bson:"secondary"`
	Election  bson.ObjectID `bson:"electionId"` // the primary's; grows from election to election
}

func askHello(ctx context.Context, c *mongo.Client) (hello, error) {
	var h hello
	err := c.Database("admin").RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&h)
	return h, err
}

// primary returns which node is, or -1. One that was replaced while it was frozen may still believe that it is.
func primary(said []hello) int {
	best := -1
	for i, h := range said {
		if h.Writable && (best < 0 || bytes.Compare(h.Election[:], said[best].Election[:]) > 0) {
			best = i
		}
	}
	return best
}

// complete reports whether every node has the data.
func complete(said []hello) bool {
	return !slices.ContainsFunc(said, func(h hello) bool { return !h.Writable && !h.Secondary })
}

// running returns the node's process, unless it was killed or is frozen.
func (n *node) running() (*process, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.process == nil || n.frozen {
		return nil, errNotRunning
	}
	return n.process, nil
}

// ask returns what each node says of itself now.
func (s *ReplicaSet) ask(ctx context.Context) (said []hello, err error) {
	err = s.wait(ctx, func(all []hello) bool { said = all; return true })
	return said, err
}

// wait asks the nodes until what they say is what the caller waits for.
func (s *ReplicaSet) wait(ctx context.Context, done func(said []hello) bool) error {
	clients := make([]*mongo.Client, len(s.nodes))
	for i := range s.nodes {
		c, err := mongo.Connect(s.direct(i, nil)) // without a user: it may not be there yet
		if err != nil {
			return err
		}
		defer func() { _ = c.Disconnect(context.WithoutCancel(ctx)) }()
		clients[i] = c
	}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !done(s.askAll(ctx, clients)) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

func (s *ReplicaSet) askAll(ctx context.Context, clients []*mongo.Client) []hello {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	said := make([]hello, len(clients))
	var wg sync.WaitGroup
	for i, c := range clients {
		if _, err := s.nodes[i].running(); err == nil {
			wg.Go(func() { said[i], _ = askHello(ctx, c) }) // no answer is an answer
		}
	}
	wg.Wait()
	return said
}

// waitPrimary returns the primary as soon as there is one that accepts writes.
func (s *ReplicaSet) waitPrimary(ctx context.Context) (i int, err error) {
	err = s.wait(ctx, func(said []hello) bool { i = primary(said); return i >= 0 })
	return i, err
}

// kill ends the node at once. Its data stays.
func (s *ReplicaSet) kill(i int) {
	n := s.nodes[i]
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.process != nil {
		n.process.kill()
		n.process = nil
	}
}

// start starts a node that was killed and waits until it takes part in the set again.
func (s *ReplicaSet) start(ctx context.Context, i int) error {
	n := s.nodes[i]
	if _, err := n.running(); err == nil {
		return errors.New("the node runs")
	}
	if err := s.launch(n); err != nil {
		return err
	}
	p, err := n.running()
	if err != nil {
		return err
	}
	if err := p.listens(ctx); err != nil {
		return p.explain(err)
	}
	return s.wait(ctx, func(said []hello) bool { return said[i].Writable || said[i].Secondary })
}

// freeze stops the node's process, which keeps its connections and answers nothing.
func (s *ReplicaSet) freeze(i int) error { return s.nodes[i].setFrozen(true, (*process).freeze) }

// thaw lets a frozen node go on.
func (s *ReplicaSet) thaw(i int) error { return s.nodes[i].setFrozen(false, (*process).thaw) }

func (n *node) setFrozen(frozen bool, signal func(*process) error) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.process == nil {
		return errNotRunning
	}
	if err := signal(n.process); err != nil {
		return err
	}
	n.frozen = frozen
	return nil
}

// stepDown makes the primary a secondary. Another node of three takes over; a single one does so itself after a second.
func (s *ReplicaSet) stepDown(ctx context.Context) error {
	i, err := s.waitPrimary(ctx)
	if err != nil {
		return err
	}
	single := len(s.nodes) == 1
	seconds, catchUp := 10, 5 // who has caught up is asked to take over at once
	if single {
		seconds, catchUp = 1, 0
	}
	return s.command(ctx, i, bson.D{
		{Key: "replSetStepDown", Value: seconds},
		{Key: "secondaryCatchUpPeriodSecs", Value: catchUp},
		{Key: "force", Value: single}, // for nobody can take over
	})
}

// setReplicationStopped lets the node take no more writes from the primary, with the mode alwaysOn, or take them again, with off. It votes and answers as before.
func (s *ReplicaSet) setReplicationStopped(ctx context.Context, i int, mode string) error {
	return s.command(ctx, i, bson.D{{Key: "configureFailPoint", Value: "stopReplProducer"}, {Key: "mode", Value: mode}})
}

// command runs on one node, as root where there is authentication.
func (s *ReplicaSet) command(ctx context.Context, i int, command bson.D) error {
	err := withClient(ctx, s.direct(i, s.root), func(c *mongo.Client) error {
		return c.Database("admin").RunCommand(ctx, command).Err()
	})
	if err != nil {
		return fmt.Errorf("%s on node %d: %w", command[0].Key, i, err)
	}
	return nil
}
