package journal

// Encode returns the canonical form of one document or value.
func Encode(walk func(*Codec)) ([]byte, error) {
	c := NewEncoder(nil)
	c.Root(walk)
	return c.Bytes(), c.Err()
}
