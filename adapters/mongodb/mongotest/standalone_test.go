package mongotest

import (
	"os"
	"testing"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

func TestStandaloneAnswersAndIsNoReplicaSet(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	t.Run("inner", func(t *testing.T) {
		must(t, withClient(t.Context(), options.Client().ApplyURI(Standalone(t)), func(c *mongo.Client) error {
			h, err := askHello(t.Context(), c)
			if h.SetName != "" || !h.Writable {
				t.Errorf("got %+v", h)
			}
			return err
		}))
	})
	if left, _ := os.ReadDir(os.TempDir()); len(left) != 0 {
		t.Errorf("it left %v", left)
	}
}
