package mongotest

import (
	"context"
	"net"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Failure says which commands a server fails, and how. One that says no how is held up for Block and then run.
type Failure struct {
	Commands         []string      // such as commitTransaction
	AppName          string        // only of clients that call themselves so in their URI; empty is all
	Times            int           // 0 is always
	Block            time.Duration // before anything else
	ErrorCode        int           // the command is not run and has this error
	ErrorLabels      []string      // of the error, instead of those that the server would give it
	CloseConnection  bool          // the command is not run and the connection is closed
	WriteConcernCode int           // the command is run and then has this error of its write concern
}

// FailPoint lets a server fail commands until off is called or the test ends: the one that the URI names directly, or the set's primary
// of now. A server has one such fail point, so a second call replaces the first. On a server that others use, as that of Database may
// be, AppName keeps the failures to this test.
func FailPoint(t testing.TB, uri string, f Failure) (off func()) {
	t.Helper()
	server, err := directly(uri)
	if err == nil {
		err = setFailPoint(server, f.mode(), f.data())
	}
	if err != nil {
		t.Fatalf("set a fail point: %v", err)
	}
	off = func() {
		conn, err := (&net.Dialer{Timeout: askTimeout}).DialContext(context.Background(), "tcp", server.Hosts[0])
		if err != nil {
			return // it was killed, and its fail point with it
		}
		_ = conn.Close()
		if err := setFailPoint(server, "off", nil); err != nil {
			t.Errorf("switch a fail point off: %v", err)
		}
	}
	t.Cleanup(off)
	return off
}

// directly returns options for the one server that is the primary now, so that the fail point is later switched off where it was set.
func directly(uri string) (*options.ClientOptions, error) {
	ctx, cancel := context.WithTimeout(context.Background(), clusterTimeout)
	defer cancel()
	o := options.Client().ApplyURI(uri)
	err := withClient(ctx, o, func(c *mongo.Client) error {
		h, err := askHello(ctx, c)
		if h.Me != "" { // a standalone server does not say
			o.SetHosts([]string{h.Me})
		}
		return err
	})
	return o.SetDirect(true).SetServerSelectionTimeout(askTimeout), err
}

func setFailPoint(server *options.ClientOptions, mode any, data bson.D) error {
	ctx, cancel := context.WithTimeout(context.Background(), clusterTimeout)
	defer cancel()
	command := bson.D{{Key: "configureFailPoint", Value: "failCommand"}, {Key: "mode", Value: mode}}
	if data != nil {
		command = append(command, bson.E{Key: "data", Value: data})
	}
	return withClient(ctx, server, func(c *mongo.Client) error {
		return c.Database("admin").RunCommand(ctx, command).Err()
	})
}

func (f Failure) mode() any {
	if f.Times == 0 {
		return "alwaysOn"
	}
	return bson.D{{Key: "times", Value: f.Times}}
}

// data leaves out what was not asked for: the server takes a zero for a wish.
func (f Failure) data() bson.D {
	d := bson.D{{Key: "failCommands", Value: f.Commands}}
	add := func(asked bool, more ...bson.E) {
		if asked {
			d = append(d, more...)
		}
	}
	add(f.AppName != "", bson.E{Key: "appName", Value: f.AppName})
	add(f.Block > 0, bson.E{Key: "blockConnection", Value: true}, bson.E{Key: "blockTimeMS", Value: f.Block.Milliseconds()})
	add(f.ErrorCode != 0, bson.E{Key: "errorCode", Value: f.ErrorCode})
	add(f.ErrorLabels != nil, bson.E{Key: "errorLabels", Value: f.ErrorLabels})
	add(f.CloseConnection, bson.E{Key: "closeConnection", Value: true})
	add(f.WriteConcernCode != 0, bson.E{Key: "writeConcernError", Value: bson.D{
		{Key: "code", Value: f.WriteConcernCode}, {Key: "errmsg", Value: "a fail point says so"},
	}})
	return d
}
