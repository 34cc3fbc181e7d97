package mongodb

import "testing"

func TestAScratchIsOnTheSameServer(t *testing.T) {
	for uri, want := range map[string]string{
		"mongodb://h:1":                          "mongodb://h:1/x?",
		"mongodb://h:1,i:2,j:3/?replicaSet=r":    "mongodb://h:1,i:2,j:3/x?replicaSet=r",
		"mongodb://h/shop?replicaSet=r":          "mongodb://h/x?replicaSet=r",
		"mongodb://u:p@h/shop":                   "mongodb://u:p@h/x?authSource=shop",
		"mongodb://u:p@h/shop?w=1":               "mongodb://u:p@h/x?w=1&authSource=shop",
		"mongodb://u:p@h/shop?authSource=admin":  "mongodb://u:p@h/x?authSource=admin",
		"mongodb+srv://u:p@h.example/?tls=false": "mongodb+srv://u:p@h.example/x?tls=false",
	} {
		if got := InDatabase(uri, "x"); got != want {
			t.Errorf("%s: %s, want %s", uri, got, want)
		}
	}
}
