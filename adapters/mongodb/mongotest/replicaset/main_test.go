package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantNothingLeft(t *testing.T) {
	t.Helper()
	if left, _ := os.ReadDir(os.TempDir()); len(left) != 0 {
		t.Errorf("it left %v", left)
	}
}

func TestSetRunsUntilTheInputEnds(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	in, closing := io.Pipe()
	out, writing := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(t.Context(), []string{"--auth"}, in, writing)
		_ = writing.CloseWithError(err)
		ended <- err
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	c, err := mongo.Connect(options.Client().ApplyURI(strings.TrimSpace(line)))
	must(t, err)
	_, err = c.Database("shop").Collection("sales").InsertOne(t.Context(), bson.D{})
	must(t, err)
	must(t, c.Disconnect(t.Context()))
	must(t, closing.Close())
	must(t, <-ended)
	wantNothingLeft(t)
}

func TestSetWhoseDataIsKeptStartsAgain(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	data := t.TempDir()
	for sales := range int64(2) {
		in, closing := io.Pipe()
		out, writing := io.Pipe()
		ended := make(chan error, 1)
		go func() {
			err := run(t.Context(), []string{"--data", data}, in, writing)
			_ = writing.CloseWithError(err)
			ended <- err
		}()
		line, err := bufio.NewReader(out).ReadString('\n')
		must(t, err)
		c, err := mongo.Connect(options.Client().ApplyURI(strings.TrimSpace(line)))
		must(t, err)
		n, err := c.Database("shop").Collection("sales").CountDocuments(t.Context(), bson.D{})
		must(t, err)
		if n != sales {
			t.Errorf("%d sales are left, want %d", n, sales)
		}
		_, err = c.Database("shop").Collection("sales").InsertOne(t.Context(), bson.D{})
		must(t, err)
		must(t, c.Disconnect(t.Context()))
		never, _ := io.Pipe()
		for _, args := range [][]string{{"--data", data}, {"--data", data, "--nodes", "3"}} {
			if err := run(t.Context(), args, never, io.Discard); err == nil {
				t.Errorf("a second set runs in the folder of the first: %v", args)
			}
		}
		must(t, closing.Close())
		must(t, <-ended)
	}
	never, _ := io.Pipe()
	if err := run(t.Context(), []string{"--data", data, "--nodes", "3"}, never, io.Discard); err == nil {
		t.Error("one node became three")
	}
	wantNothingLeft(t)
}

func TestSetThatIsToEndWhileItStartsLeavesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in, _ := io.Pipe()
	must(t, run(ctx, nil, in, io.Discard))
	wantNothingLeft(t)
}

func TestWrongFlagsStartNothing(t *testing.T) {
	in, _ := io.Pipe() // never ends
	for _, args := range [][]string{{"--nodes", "2"}, {"--disks", "3"}, {"--auth", "--data", t.TempDir()}} {
		if err := run(t.Context(), args, in, io.Discard); err == nil {
			t.Errorf("%v was accepted", args)
		}
	}
}
