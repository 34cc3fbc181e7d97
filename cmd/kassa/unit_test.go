package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// unit is docs/operations/kassa.service: section, key, and its values in their order.
func unit(t *testing.T) map[string]map[string][]string {
	t.Helper()
	b, err := os.ReadFile("../../docs/operations/kassa.service")
	if err != nil {
		t.Fatal(err)
	}
	sections, section := map[string]map[string][]string{}, ""
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		key, value, isSetting := strings.Cut(line, "=")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "["):
			section = strings.Trim(line, "[]")
			sections[section] = map[string][]string{}
		case !isSetting || section == "":
			t.Errorf("%q is no setting of a section", line)
		default:
			sections[section][key] = append(sections[section][key], value)
		}
	}
	return sections
}

// TestUnitIsOneThatSystemdTakes: a key that it does not know it would leave out, and the service would run without that protection.
func TestUnitIsOneThatSystemdTakes(t *testing.T) {
	u := unit(t)
	for section, settings := range map[string]map[string]string{
		"Unit":    {"After": "network-online.target time-sync.target"},
		"Install": {"WantedBy": "multi-user.target"},
		"Service": {
			"User": "kassa", "StateDirectory": "kassa", "StateDirectoryMode": "0700", "ProtectSystem": "strict", "ProtectHome": "yes", "NoNewPrivileges": "yes",
			"CapabilityBoundingSet": "", "Restart": "always", "Type": "exec", "UMask": "0077",
		},
	} {
		for key, value := range settings {
			if got := u[section][key]; !slices.Equal(got, []string{value}) {
				t.Errorf("%s= of [%s] is %q, want %q", key, section, got, value)
			}
		}
	}
	stop, err := time.ParseDuration(u["Service"]["TimeoutStopSec"][0] + "s")
	if shutdown := 20 * time.Second; err != nil || stop <= shutdown {
		t.Errorf("systemd kills the server after %v, %v; it may take %v to stop", stop, err, shutdown)
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("no systemd-analyze here: only the settings above were checked")
		return
	}
	text, err := os.ReadFile("../../docs/operations/kassa.service")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "kassa.service")
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), "/usr/local/bin/kassa", build(t), 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), analyze, "verify", path).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze says %v: %s", err, out)
	}
}

// TestServerStartsAsItsUnitSays, with the command line and the environment of the unit, in a folder of the test's own.
func TestServerStartsAsItsUnitSays(t *testing.T) {
	service, binary, data := unit(t)["Service"], build(t), t.TempDir()
	line := strings.Fields(service["ExecStart"][0])
	if line[0] != "/usr/local/bin/kassa" || len(line) != 2 {
		t.Fatalf("it starts %q", line)
	}
	env := []string{"KASSA_ADDR=127.0.0.1:0", "KASSA_METRICS_ADDR=127.0.0.1:0"}
	for _, setting := range service["Environment"] {
		env = append(env, strings.ReplaceAll(setting, "/var/lib/"+service["StateDirectory"][0], data))
	}
	s := startCommand(t, binary, env, line[1], "kassa serves ")
	if _, err := os.Stat(filepath.Join(data, "kassa.db")); err != nil {
		t.Errorf("its data is not where the unit says: %v", err)
	}
	if err := s.stop(); err != nil {
		t.Errorf("it does not end on SIGTERM as systemd expects: %v", err)
	}
}
