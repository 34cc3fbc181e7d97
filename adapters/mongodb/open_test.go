package mongodb_test

import (
	"context"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kassa/adapters/mongodb"
	"kassa/adapters/mongodb/mongotest"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"
)

func TestOpenSaysInOneSentenceWhatIsWrongAndNeverThePassword(t *testing.T) {
	const password = "s3cret-w0rd"
	cluster := mongotest.StartCluster(t, mongotest.Options{Auth: true})
	mine := cluster.UserURI("kassa", password, "mine")
	reader := bson.D{{Key: "createUser", Value: "reader"}, {Key: "pwd", Value: password}, {Key: "roles", Value: bson.A{"read"}}}
	if err := connect(t, cluster.URI()).Client().Database("mine").RunCommand(t.Context(), reader).Err(); err != nil {
		t.Fatal(err)
	}
	for what, row := range map[string]struct{ uri, want string }{
		"a standalone server": {mongotest.Standalone(t), "standalone server"},
		"no URI":              {"kassa:" + password + "@localhost", "URI"},
		"an unescaped sign":   {"mongodb://kassa:" + password + "%@localhost/", "URI"},
		"a second at":         {"mongodb://kassa:@" + password + "@localhost/", "@ is written %40"},
		"another set":         {strings.Replace(mine, "replicaSet=kassa", "replicaSet=other", 1), "another replica set"},
		"not of the set":      {mongotest.Standalone(t) + "?replicaSet=kassa", "or to none"},
		"no set yet":          {"mongodb://" + mongotest.Node(t, "--replSet", "kassa") + "/?replicaSet=kassa", "rs.initiate()"},
		"a slash":             {"mongodb://kassa:/" + password + "@localhost/", "URI"},
		"a colon":             {"mongodb://kassa:" + password + ":" + password + "@localhost/", "URI"},
		"no host":             {"mongodb://kassa:" + password + "@/", "URI"},
		"an unknown option":   {"mongodb://kassa:" + password + "@localhost/?tls=perhaps", "URI"},
		"another password":    {strings.Replace(mine, password, password+"x", 1), "refuses the user or the password"},
		"another's user":      {strings.Replace(mine, "/mine?", "/other?", 1), "authSource"},
		"nobody's":            {strings.Replace(mine, "kassa:"+password+"@", "", 1), "readWrite"},
		"no right to write":   {strings.Replace(mine, "kassa:", "reader:", 1), "readWrite"},
		"no right":            {strings.Replace(mine, "/mine?", "/other?authSource=mine&", 1), "readWrite"},
		"the server's own":    {strings.Replace(mine, "/mine?", "/local?", 1), "the server's own"},
		"nobody listens":      {"mongodb://kassa:" + password + "@127.0.0.1:1/", "no MongoDB primary answers"},
	} {
		t.Run(what, func(t *testing.T) {
			d, err := mongodb.Open(t.Context(), row.uri, "a")
			if err == nil {
				t.Fatal(d.Close())
			}
			if s := err.Error(); !strings.Contains(s, row.want) || strings.Contains(s, password) || strings.Contains(s, "\n") {
				t.Errorf("it says %q, want %q", s, row.want)
			}
		})
	}
}

// What a process that died had begun stays open for a minute, and a server must start meanwhile.
func TestOpenWaitsForNoTransactionOfAnother(t *testing.T) {
	uri := databaseURI(t)
	openDatabase(t, uri)
	leaveOpen(t, connect(t, uri))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	d, err := mongodb.Open(ctx, uri, "next")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// leaveOpen begins a transaction that has written to every collection.
func leaveOpen(t *testing.T, hand *mongo.Database) *mongo.Session {
	t.Helper()
	collections, err := hand.ListCollectionNames(t.Context(), bson.D{})
	if err != nil || len(collections) == 0 {
		t.Fatal(collections, err)
	}
	dead, err := hand.Client().StartSession()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dead.EndSession(context.Background()) })
	if err := dead.StartTransaction(); err != nil {
		t.Fatal(err)
	}
	for _, c := range collections {
		if _, err := hand.Collection(c).InsertOne(mongo.NewSessionContext(t.Context(), dead), bson.D{}); err != nil {
			t.Fatal(err)
		}
	}
	return dead
}

// What takes too long for one start must be there for a later one.
func TestOpenSaysThatAnIndexTakesTooLongAndLetsItBeMade(t *testing.T) {
	uri := databaseURI(t)
	openDatabase(t, uri)
	hand := connect(t, uri)
	if err := hand.Collection("products").Indexes().DropOne(t.Context(), "places"); err != nil {
		t.Fatal(err)
	}
	dead := leaveOpen(t, hand)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := mongodb.Open(ctx, uri, "next"); err == nil || !strings.Contains(err.Error(), "lacks an index") || !strings.Contains(err.Error(), "transaction") {
		t.Errorf("it says %v", err)
	}
	if err := dead.AbortTransaction(t.Context()); err != nil {
		t.Fatal(err)
	}
	made := func(x mongo.IndexSpecification) bool { return x.Name == "places" }
	for until := time.Now().Add(heldUp); ; time.Sleep(10 * time.Millisecond) {
		there, err := hand.Collection("products").Indexes().ListSpecifications(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(there, made) {
			return
		}
		if time.Now().After(until) {
			t.Fatal("the index is not made behind the start that gave up")
		}
	}
}

// Only one in four connections is served. The first is the monitor's, which finds the server.
func TestOpenAsksABusyServerAgain(t *testing.T) {
	uri, name := mongotest.Database(t)
	for what, refuse := range map[string]func(net.Conn){
		"it drops connections": func(c net.Conn) { _ = c.Close() },
		"it lets them wait":    func(net.Conn) {},
	} {
		t.Run(what, func(t *testing.T) {
			d, err := mongodb.Open(t.Context(), "mongodb://"+busyServer(t, uri, refuse)+"/"+name+"?directConnection=true&connectTimeoutMS=500", "a")
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// busyServer serves the first of every four connections by the server of the URI, and refuses the others.
func busyServer(t *testing.T, uri string, refuse func(net.Conn)) (address string) {
	t.Helper()
	server, err := connstring.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	open.Go(func() {
		for n := 0; ; n++ {
			client, err := listener.Accept()
			switch {
			case err != nil:
				return
			case n%4 > 0:
				refuse(client)
			default:
				open.Go(func() { handOn(t, client, server.Hosts[0]) })
			}
		}
	})
	t.Cleanup(func() { _ = listener.Close(); open.Wait() })
	return listener.Addr().String()
}

// handOn carries what both sides say until one has ended.
func handOn(t *testing.T, client net.Conn, to string) {
	server, err := net.Dial("tcp", to)
	if err != nil {
		t.Error(err)
		return
	}
	var both sync.WaitGroup
	for from, to := range map[net.Conn]net.Conn{client: server, server: client} {
		both.Go(func() {
			_, _ = io.Copy(to, from)
			_ = to.Close()
		})
	}
	both.Wait()
}
