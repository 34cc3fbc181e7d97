package containers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kassa/adapters/mongodb/mongotest"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// stepPatience bounds how often a step is tried, as in mongo_setup/setup.js.
const stepPatience = time.Minute

// setupSteps is one of the files that mongo_setup/setup.js takes steps from. This test takes them too, since no mongosh may be at hand.
type setupSteps struct {
	Steps []setupStep
}

type setupStep struct {
	What, At, On string
	Run          bson.D
	Add          bson.M
	Done         []string
}

// TestTheSetThatComposeMakes starts what docker-compose.yml starts, without Docker: its secrets, its settings of mongod, its set, its users. Kassa
// sells on it as the user that it gets there, on one node and then on three.
func TestTheSetThatComposeMakes(t *testing.T) {
	d := deploy(t)
	one := d.node("mongodb-1")
	nodes := strings.NewReplacer("127.0.0.1:27017", one, "mongodb-1:27017", one)
	for range 2 { // every start takes them
		d.take("setup", nodes)
	}
	c := d.config(nodes)
	shop, err := OpenBare(t.Context(), c, 10, 2)
	must(t, err)
	t.Cleanup(func() { must(t, shop.Close(context.Background())) })
	sells(t, shop)
	r, err := Import(t.Context(), c, ImportFile{Path: "../mongo_setup/product_mock.json", Progress: func(int) {}}) // beside a Kassa that serves
	must(t, err)
	if r.Created != 100 {
		t.Errorf("imported %+v", r)
	}
	mayDoNoMore(t, c.MongoURI)
	endsItsOwnSessions(t, c.MongoURI)
	root := connect(t, "mongodb://root:"+d.secret("root-password")+"@"+one+"/?replicaSet=kassa")
	limitsTransactions(t, root)
	refusesOthers(t, c, root)

	two, three := d.node("mongodb-2"), d.node("mongodb-3")
	nodes = strings.NewReplacer("127.0.0.1:27017", one, "mongodb-1:27017", one, "mongodb-2:27017", two, "mongodb-3:27017", three)
	for _, service := range []string{"grow", "setup", "grow"} {
		d.take(service, nodes)
	}
	sells(t, shop)
	becomes(t, connect(t, c.MongoURI), []string{one, two, three})
	var report strings.Builder
	if err := Verify(t.Context(), d.config(nodes), &report, func(string, int64, int64) {}); err != nil {
		t.Errorf("%v\n%s", err, &report)
	}
}

// becomes waits until the set names the hosts: it counts a node that has caught up only after a reconfiguration of its own.
func becomes(t *testing.T, db *mongo.Database, hosts []string) {
	t.Helper()
	var hello struct{ Hosts []string }
	for until := time.Now().Add(stepPatience); !slices.Equal(hello.Hosts, hosts); time.Sleep(50 * time.Millisecond) {
		must(t, db.RunCommand(t.Context(), bson.D{{Key: "hello", Value: 1}}).Decode(&hello))
		if time.Now().After(until) {
			t.Fatalf("the set is %v", hello.Hosts)
		}
	}
}

// node starts a node as a service does.
func (d deployment) node(service string) (at string) {
	d.t.Helper()
	args := slices.DeleteFunc(slices.Clone([]string(d.project.Services[service].Command)), func(arg string) bool { return arg == "--bind_ip_all" })
	return mongotest.Node(d.t, append(d.inside(service, args[1:]), "--keyFile", filepath.Join(d.folders["mongodb-secrets"], "keyfile"), "--oplogSize", "64")...)
}

// take takes the steps that a service takes.
func (d deployment) take(service string, nodes *strings.Replacer) {
	d.t.Helper()
	file := d.inside(service, []string{*d.project.Services[service].Environment["STEPS"]})[0]
	b, err := os.ReadFile(file)
	must(d.t, err)
	text := nodes.Replace(os.Expand(string(b), d.secret))
	var all setupSteps
	must(d.t, bson.UnmarshalExtJSON([]byte(text), false, &all))
	if len(all.Steps) == 0 {
		d.t.Fatalf("%s has no steps", file)
	}
	for _, s := range all.Steps {
		until := time.Now().Add(stepPatience)
		for err := s.take(d.t); err != nil; err = s.take(d.t) {
			if time.Now().After(until) {
				d.t.Fatalf("%s: %v", s.What, err)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
}

func (s setupStep) take(t *testing.T) error {
	db := connect(t, s.At).Client().Database(s.On)
	if s.Add != nil {
		return add(t.Context(), db, s.Add)
	}
	err := db.RunCommand(t.Context(), s.Run).Err()
	var refused mongo.CommandError
	if errors.As(err, &refused) && slices.Contains(s.Done, refused.Name) {
		return nil
	}
	return err
}

// add adds a member to the set. It fails until that has caught up.
func add(ctx context.Context, db *mongo.Database, member bson.M) error {
	var set struct {
		Config struct {
			Version int32
			Members []bson.M
			Rest    bson.M `bson:",inline"`
		}
	}
	if err := db.RunCommand(ctx, bson.D{{Key: "replSetGetConfig", Value: 1}}).Decode(&set); err != nil {
		return err
	}
	if !slices.ContainsFunc(set.Config.Members, func(m bson.M) bool { return m["host"] == member["host"] }) {
		set.Config.Version++
		set.Config.Members = append(set.Config.Members, member)
		if err := db.RunCommand(ctx, bson.D{{Key: "replSetReconfig", Value: set.Config}}).Err(); err != nil {
			return err
		}
	}
	var status struct {
		Members []struct {
			Name  string
			State string `bson:"stateStr"`
		}
	}
	if err := db.RunCommand(ctx, bson.D{{Key: "replSetGetStatus", Value: 1}}).Decode(&status); err != nil {
		return err
	}
	for _, m := range status.Members {
		if m.Name == member["host"] && (m.State == "PRIMARY" || m.State == "SECONDARY") {
			return nil
		}
	}
	return fmt.Errorf("%s has not caught up yet", member["host"])
}

// connect returns the database of the URI, or kassa.
func connect(t *testing.T, uri string) *mongo.Database {
	t.Helper()
	c, err := mongo.Connect(options.Client().ApplyURI(uri).SetServerSelectionTimeout(5 * time.Second))
	must(t, err)
	t.Cleanup(func() { _ = c.Disconnect(context.Background()) })
	return c.Database("kassa")
}

func sells(t *testing.T, shop *Bare) {
	t.Helper()
	if f := shop.Sell(t.Context(), 4, 200*time.Millisecond); f.Sales == 0 || f.Refused+f.Failures > 0 {
		t.Errorf("%d sales, %d refused, %d failed", f.Sales, f.Refused, f.Failures)
	}
}

const (
	unauthorized      = 13
	noSuchTransaction = 251
)

// mayDoNoMore asks as Kassa for what Kassa does not need.
func mayDoNoMore(t *testing.T, uri string) {
	t.Helper()
	c := connect(t, uri).Client()
	for database, command := range map[string]bson.D{
		"bank":  {{Key: "insert", Value: "x"}, {Key: "documents", Value: bson.A{bson.D{}}}},
		"local": {{Key: "find", Value: "oplog.rs"}},
		"kassa": {{Key: "createUser", Value: "other"}, {Key: "pwd", Value: "other"}, {Key: "roles", Value: bson.A{}}},
		"admin": {{Key: "replSetGetConfig", Value: 1}},
	} {
		var refused mongo.CommandError
		if err := c.Database(database).RunCommand(t.Context(), command).Err(); !errors.As(err, &refused) || refused.Code != unauthorized {
			t.Errorf("%s on %s: %v", command[0].Key, database, err)
		}
	}
}

// endsItsOwnSessions ends a session of the user's from another client, as a Kassa does that meets a frozen one.
func endsItsOwnSessions(t *testing.T, uri string) {
	t.Helper()
	frozen, other := connect(t, uri), connect(t, uri)
	must(t, frozen.CreateCollection(t.Context(), "tries"))
	s, err := frozen.Client().StartSession()
	must(t, err)
	defer s.EndSession(context.Background())
	must(t, s.StartTransaction())
	_, err = frozen.Collection("tries").InsertOne(mongo.NewSessionContext(t.Context(), s), bson.D{})
	must(t, err)
	must(t, other.RunCommand(t.Context(), bson.D{{Key: "killSessions", Value: bson.A{s.ID()}}}).Err())
	var refused mongo.CommandError
	if err := s.CommitTransaction(t.Context()); !errors.As(err, &refused) || refused.Code != noSuchTransaction {
		t.Errorf("the ended session commits: %v", err)
	}
}

// limitsTransactions looks for the second net, beneath the ended sessions.
func limitsTransactions(t *testing.T, root *mongo.Database) {
	t.Helper()
	var limit struct {
		Seconds int `bson:"transactionLifetimeLimitSeconds"`
	}
	ask := bson.D{{Key: "getParameter", Value: 1}, {Key: "transactionLifetimeLimitSeconds", Value: 1}}
	must(t, root.Client().Database("admin").RunCommand(t.Context(), ask).Decode(&limit))
	if limit.Seconds != 5 {
		t.Errorf("a transaction lives %d s", limit.Seconds)
	}
}

// refusesOthers starts Kassa as users who may not use the database: each start fails with a sentence.
func refusesOthers(t *testing.T, c Config, root *mongo.Database) {
	t.Helper()
	must(t, root.RunCommand(t.Context(), bson.D{{Key: "createUser", Value: "guest"}, {Key: "pwd", Value: "guest"}, {Key: "roles", Value: bson.A{}}}).Err())
	_, at, _ := strings.Cut(c.MongoURI, "@")
	for user, want := range map[string]string{"guest:guest": "the role readWrite there", "kassa:guest": "refuses the user or the password"} {
		c.MongoURI = "mongodb://" + user + "@" + at
		_, err := OpenBare(t.Context(), c, 1, 1)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", user, err, want)
		}
	}
}
