package main

import (
	"net/url"
	"testing"

	"kassa/adapters/mongodb/mongotest"
)

// onMongoDB are the settings of a server on a MongoDB database, which calls itself by the name.
func onMongoDB(t *testing.T, uri, name string) []string {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("appName", name)
	u.RawQuery = q.Encode()
	return append(settings(t.TempDir()), "KASSA_MONGODB_URI="+u.String(), "KASSA_JWT_KEY=all servers of a shop have the same key")
}

// pair is two servers of one shop on one database, and what fails at one of them.
type pair struct {
	*books
	cluster    *mongotest.Cluster
	uri        string
	one, other *server
}

// newPair sets a shop up in a database of its own. Its user may read and write there, and nothing else.
func newPair(t *testing.T, binary string, c *mongotest.Cluster, database string, n size) *pair {
	t.Helper()
	p := &pair{cluster: c, uri: c.UserURI("kassa", "correct horse", database)}
	p.books, p.one = newBooks(t, binary, onMongoDB(t, p.uri, "one"), n)
	p.books.env = onMongoDB(t, p.uri, "other")
	p.other = p.serve()
	return p
}

// TestServersOnMongoDB starts kassa serve as a chain does: several on one database, with a user who may only read and write it.
func TestServersOnMongoDB(t *testing.T) {
	binary := build(t)
	c := mongotest.StartCluster(t, mongotest.Options{Auth: true})
	t.Run("what was answered survives kill -9", func(t *testing.T) {
		crashes(t, binary, onMongoDB(t, c.UserURI("kassa", "correct horse", "crashes"), "one"))
	})
	t.Run("two servers sell the last units once", func(t *testing.T) { lastUnits(t, newPair(t, binary, c, "units", small)) })
	t.Run("neither of two servers starves", func(t *testing.T) { sideBySide(t, newPair(t, binary, c, "side", size{registers: 32, products: 64})) })
	t.Run("a change counts at the other server within a second", func(t *testing.T) { changesCount(t, newPair(t, binary, c, "changes", small)) })
	t.Run("a server frozen before its commit holds the other up for a moment", func(t *testing.T) { frozenBeforeCommit(t, newPair(t, binary, c, "frozen", small)) })
	t.Run("a server killed before its commit holds the other up for a moment", func(t *testing.T) { killedBeforeCommit(t, newPair(t, binary, c, "killed", small)) })
	t.Run("a server frozen at any moment holds the other up for a moment", func(t *testing.T) { frozenAtAnyMoment(t, newPair(t, binary, c, "freezes", small)) })
	t.Run("a server killed at any moment holds the other up for a moment", func(t *testing.T) { killedAtAnyMoment(t, newPair(t, binary, c, "kills", small)) })
}
