package resttest

import "testing"

// Run runs the suite.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, open Open)
	}{
		{"golden numbers", golden},
		{"golden refund", goldenRefund},
		{"payment", payment},
		{"races", races},
		{"late sales", lateSales},
		{"void", voids},
		{"real data", realData},
		{"products", products},
		{"search", search},
		{"stock", stock},
		{"images", images},
		{"imports", imports},
		{"people", people},
		{"bad input", badInput},
		{"till", till},
		{"reports", reports},
		{"CSV", sheets},
		{"audit log", auditLog},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open) })
	}
}
