package bench

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// facts are what one needs to know about the machine to judge the figures.
type facts struct {
	CPU      string `json:"cpu"`
	Cores    int    `json:"cores"`
	Kernel   string `json:"kernel"`
	Go       string `json:"go"`
	FlushP50 int64  `json:"flush_p50_us"` // a durable write of 4 KiB
	FlushP99 int64  `json:"flush_p99_us"`
	Folder   string `json:"flush_folder"`
}

func (f facts) String() string {
	return fmt.Sprintf("%s, %d cores, %s, %s; durable 4 KiB write p50 %.2f ms, p99 %.2f ms in %s",
		f.CPU, f.Cores, f.Kernel, f.Go, milliseconds(f.FlushP50), milliseconds(f.FlushP99), f.Folder)
}

func milliseconds(us int64) float64 { return float64(us) / 1000 }

// gather asks the machine, and measures how long a durable write takes in the folder.
func gather(folder string) (facts, error) {
	f := facts{CPU: runtime.GOARCH, Cores: runtime.NumCPU(), Kernel: runtime.GOOS, Go: runtime.Version(), Folder: folder}
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				f.CPU = strings.TrimSpace(value)
				break
			}
		}
	}
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		f.Kernel += " " + strings.TrimSpace(string(b))
	}
	h, err := flushes(folder)
	if err != nil {
		return f, err
	}
	f.FlushP50, f.FlushP99 = h.quantile(500), h.quantile(990)
	return f, nil
}

// flushes overwrites 4 KiB of a file of that size 200 times, each time through to the disk.
func flushes(folder string) (*histogram, error) {
	file, err := os.CreateTemp(folder, "kassa-bench-*.flush")
	if err != nil {
		return nil, err
	}
	h, page := &histogram{}, make([]byte, 4096)
	for i := range 201 {
		page[0]++
		begin := time.Now()
		if _, err = file.WriteAt(page, 0); err == nil {
			err = file.Sync()
		}
		if err != nil {
			break
		}
		if i > 0 { // the first one makes the file
			h.record(time.Since(begin).Microseconds())
		}
	}
	return h, errors.Join(err, file.Close(), os.Remove(file.Name()))
}
