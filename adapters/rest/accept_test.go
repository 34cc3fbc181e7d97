package rest

import "testing"

func TestAcceptDecidesByTheMostSpecificRange(t *testing.T) {
	var got string
	s := newServer(t, Options{}, func(r *Router) {
		r.Get("/x", Public, func(c *Call) error {
			got = c.Accepts("application/json", "text/csv", "text/html")
			return c.NoContent()
		})
	})
	const json, csv, html = "application/json", "text/csv", "text/html"
	for accept, want := range map[string]string{
		"": json, "*/*": json, "*": json, " , ;": json, "text/*": csv, "text/csv": csv, "TEXT/CSV": csv, "text/csv;header=present": csv, "image/png": "", "text": "",
		"application/json;q=0.5, text/csv": csv, "text/csv;q=0.4, application/json;q=0.5": json, "text/csv;header=present;q=0.4, application/json;q=0.5": json,
		"application/json;q=0, */*": csv, "text/csv;q=0": "", "*/*;q=0": "", "text/csv;q=0, text/*": html, "text/*, text/csv;q=0.1, application/json;q=0.5": html,
		"text/csv, */*": csv, "*/*, text/html": html, "text/html, text/csv": html, "text/csv;q=x, application/json;q=0.9": csv,
		"text/csv;q=2, application/json;q=0.9": csv, "text/csv;q=-1, application/json;q=0.9": csv, "text/csv ; Q=0.1, application/json;q=0.2": json,
		"text/csv;q=NaN, application/json;q=0.9": csv,
	} {
		if ask(t, s, request("GET", base+"/x", "", "Accept", accept)); got != want {
			t.Errorf("%q: %q, want %q", accept, got, want)
		}
	}
}
