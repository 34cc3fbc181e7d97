package shop

// The shapes that the generator knows by name from adapters/rest.
type (
	Int        int64
	Quantity   int64
	Measured   struct{ n int64 }
	Time       struct{ n int64 }
	Date       int32
	Opt[T any] struct {
		Value T
		Set   bool
	}
	Page[D any] struct {
		Items      []D     `json:"items"`
		NextCursor *string `json:"next_cursor"`
	}
	Problem struct {
		Code   string         `json:"code"`
		Errors []FieldProblem `json:"errors,omitempty"`
	}
	FieldProblem struct {
		Pointer string `json:"pointer"`
	}
)
