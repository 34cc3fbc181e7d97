package rest

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"kassa/core/fault"
	"kassa/core/id"
)

// SetETag names the version of what the answer shows.
func (c *Call) SetETag(version int64) { c.SetHeader(fiber.HeaderETag, etag(version)) }

func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// IfMatch returns the version that the header If-Match names: of several the one that the resource has, and for * that one too. current reads
// it, and is asked wherever the header does not settle it, so that what is not there is not found, whatever the header says. Without the header
// it is a VersionMissing fault if_match_missing, a header that is no list of tags a Malformed fault if_match_invalid, and tags that the resource
// does not have a Stale fault version_stale; whether a single one is stale, the operation says.
func (c *Call) IfMatch(current func() (int64, error)) (int64, error) {
	h := strings.TrimSpace(c.Header(fiber.HeaderIfMatch))
	tags, ok := parseTags(h)
	if !ok && h != "" && h != "*" {
		return 0, ifMatchInvalid()
	}
	if len(tags) == 1 {
		if n, ok := parseInt([]byte(strings.Trim(h, `"`))); ok && n > 0 && h == etag(n) {
			return n, nil
		}
	}
	has, err := current()
	switch {
	case err != nil:
		return 0, err
	case h == "":
		return 0, fault.New(fault.VersionMissing, "if_match_missing", "say with If-Match which version was seen: the ETag of the last answer")
	case h == "*" || slices.Contains(tags, etag(has)):
		return has, nil
	}
	return 0, fault.StaleVersion(has)
}

func ifMatchInvalid() error {
	return fault.New(fault.Malformed, "if_match_invalid", "If-Match holds ETags in their quotes, or *")
}

// parseTags reads a list of entity tags (RFC 9110, 8.8.3). Weak ones are left out: they never match strongly (13.1.1).
func parseTags(list string) (tags []string, ok bool) {
	for list != "" {
		tag, weak := strings.CutPrefix(list, "W/")
		end := strings.IndexByte(tag[min(1, len(tag)):], '"')
		if tag == "" || tag[0] != '"' || end < 0 {
			return nil, false
		}
		tag, list = tag[:end+2], strings.TrimSpace(tag[end+2:])
		if !weak {
			tags = append(tags, tag)
		}
		if list != "" && list[0] != ',' {
			return nil, false
		}
		list = strings.TrimLeft(list, ", \t")
		ok = true
	}
	return tags, ok
}

// current returns how to read the version that a resource has now.
func current[T any](c *Call, i id.ID, get func(context.Context, id.Store, id.ID) (T, error), version func(T) int64) func() (int64, error) {
	return func() (int64, error) {
		found, err := get(c.Context(), c.Store(), i)
		if err != nil {
			return 0, err
		}
		return version(found), nil
	}
}
