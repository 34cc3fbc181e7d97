package mongotest

import (
	"errors"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

func TestFailPointFailsAsAsked(t *testing.T) {
	uri, name := Database(t)
	uri += "&appName=" + name + "&retryWrites=false"
	sold := sales(t, uri).Database().Client().Database(name).Collection("sales")
	insert := func() error {
		_, err := sold.InsertOne(t.Context(), bson.D{})
		return err
	}
	rows := map[string]struct {
		failure Failure
		want    func(error) bool
		written int64
	}{
		"error code":    {Failure{ErrorCode: 112, ErrorLabels: []string{"Mine"}}, hasCode(112, "Mine"), 0},
		"connection":    {Failure{CloseConnection: true}, mongo.IsNetworkError, 0},
		"write concern": {Failure{WriteConcernCode: 64}, hasCode(64, ""), 1},
		"held up":       {Failure{Block: 200 * time.Millisecond}, func(err error) bool { return err == nil }, 1},
		"another app":   {Failure{AppName: "another", ErrorCode: 112}, func(err error) bool { return err == nil }, 1},
	}
	for what, row := range rows {
		t.Run(what, func(t *testing.T) {
			must(t, sold.Drop(t.Context()))
			row.failure.Commands = []string{"insert"}
			if row.failure.AppName == "" {
				row.failure.AppName = name
			}
			off := FailPoint(t, uri, row.failure)
			begin := time.Now()
			if err := insert(); !row.want(err) || time.Since(begin) < row.failure.Block {
				t.Errorf("got %v after %v", err, time.Since(begin))
			}
			wantSales(t, sold, row.written)
			off()
			must(t, insert())
		})
	}
}

func hasCode(code int, label string) func(error) bool {
	return func(err error) bool {
		var server mongo.ServerError
		return errors.As(err, &server) && server.HasErrorCode(code) && (label == "" || server.HasErrorLabel(label))
	}
}

func TestFailPointEndsByItselfOrWithTheTest(t *testing.T) {
	uri, name := Database(t)
	uri += "&appName=" + name
	db := sales(t, uri).Database()
	failure := Failure{Commands: []string{"ping"}, AppName: name, ErrorCode: 50}
	ping := func() error { return db.RunCommand(t.Context(), bson.D{{Key: "ping", Value: 1}}).Err() }
	t.Run("inner", func(t *testing.T) {
		FailPoint(t, uri, failure)
		wantText(t, ping(), "failpoint")
	})
	must(t, ping())
	failure.Times = 1
	FailPoint(t, uri, failure)
	wantText(t, ping(), "failpoint")
	must(t, ping())
}

func TestFailPointOfAKilledPrimaryIsForgotten(t *testing.T) {
	c := StartCluster(t, Options{Auth: true})
	FailPoint(t, c.URI(), Failure{Commands: []string{"ping"}, ErrorCode: 50})
	c.Kill(0)
}
