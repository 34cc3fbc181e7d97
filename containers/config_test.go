package containers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func secretFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestSecretsMayStandInFiles(t *testing.T) {
	key := strings.Repeat("k", minKey)
	t.Setenv("KASSA_JWT_KEY_FILE", secretFile(t, key+"\n"))
	t.Setenv("KASSA_MONGODB_URI_FILE", secretFile(t, "mongodb://db/kassa"))
	c, err := ReadConfig()
	must(t, err)
	if c.JWTKey != key || c.MongoURI != "mongodb://db/kassa" {
		t.Errorf("got %q and %q", c.JWTKey, c.MongoURI)
	}
}

// A URI that was meant to be there and is not would open another database.
func TestASecretThatIsNotInItsFileIsRefused(t *testing.T) {
	for _, c := range []struct{ file, value, want string }{
		{secretFile(t, "\n"), "", "KASSA_MONGODB_URI_FILE is the empty file"},
		{filepath.Join(t.TempDir(), "none"), "", "KASSA_MONGODB_URI_FILE cannot be read"},
		{secretFile(t, "mongodb://db"), "mongodb://other", "KASSA_MONGODB_URI and KASSA_MONGODB_URI_FILE are both set"},
	} {
		t.Run(c.want, func(t *testing.T) {
			t.Setenv("KASSA_MONGODB_URI_FILE", c.file)
			t.Setenv("KASSA_MONGODB_URI", c.value)
			if _, err := ReadConfig(); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}
