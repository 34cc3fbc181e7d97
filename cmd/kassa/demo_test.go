package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// demoLeavesMongoDBAlone starts the demo where the settings name a MongoDB, which nobody answers for: it has no use for one.
func demoLeavesMongoDBAlone(t *testing.T, binary string) {
	data := t.TempDir()
	s := startCommand(t, binary, append(settings(data), "KASSA_MONGODB_URI=mongodb://127.0.0.1:1/kassa?replicaSet=kassa"), "demo", "Kassa demo: ")
	_ = signIn(s, "cashier@demo.kassa", "cashier-demo")
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if told := s.errors.String(); !strings.Contains(told, "does not touch KASSA_MONGODB_URI") {
		t.Errorf("it says %q", told)
	}
	verifyBooks(t, binary, settings(filepath.Join(data, "demo")))
}

// product is what the test reads of one.
type product struct {
	ID      string `json:"id"`
	SKU     string `json:"sku"`
	Price   int64  `json:"price"`
	Version int64  `json:"version"`
}

// demoKeeps edits the demo's shop as its manager and starts it again: what the manager did stands, and nothing of it is in the way of a start.
func demoKeeps(t *testing.T, binary string) {
	data := t.TempDir()
	s := startDemo(t, binary, data)
	manager := signIn(s, "manager@demo.kassa", "manager-demo")
	all := want[listOf[product]](t, s.call("GET", "/products?limit=2", "", ""), http.StatusOK).Items
	gone, edited := all[0], all[1]
	want[any](t, s.call("PATCH", "/products/"+edited.ID, "", `{"price":7}`, "If-Match", etag(edited)), http.StatusOK)
	if a := s.call("DELETE", "/products/"+gone.ID, "", "", "If-Match", etag(gone)); a.status != http.StatusNoContent {
		t.Fatalf("%d %s", a.status, a.body)
	}
	want[product](t, s.call("POST", "/products", "", fmt.Sprintf(`{"name":"Mine","price":100,"sku":%q}`, gone.SKU)), http.StatusCreated)
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	s = startDemo(t, binary, data)
	s.token = manager
	if p := want[product](t, s.call("GET", "/products/"+edited.ID, "", ""), http.StatusOK); p.Price != 7 {
		t.Errorf("the next start sets the price to %d", p.Price)
	}
	if a := s.call("GET", "/products/"+gone.ID, "", ""); a.status != http.StatusNotFound {
		t.Errorf("the next start brings the deleted product back: %d %s", a.status, a.body)
	}
}

func etag(p product) string { return fmt.Sprintf(`"%d"`, p.Version) }
