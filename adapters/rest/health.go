package rest

import (
	"kassa/core/fault"
)

// health tells an orchestrator whether the process lives and whether it can serve.
type health struct{ s *Server }

// Routes declares /healthz and /readyz.
func (h health) Routes(r *Router) {
	root := r.Root()
	root.Get("/healthz", Public, h.live)
	root.Get("/readyz", Public, h.ready)
}

type healthBody struct {
	Status string `json:"status" example:"ready"`
}

// live says that the process answers.
//
//	@Summary	Is the process alive?
//	@Tags		health
//	@Success	200	{object}	healthBody
//	@Router		/healthz [get]
//	@x-root		true
func (health) live(c *Call) error { return c.OK(healthBody{"live"}) }

// ready says whether the store can be reached.
//
//	@Summary	Can it serve?
//	@Tags		health
//	@Success	200	{object}	healthBody
//	@Failure	503	{object}	Problem	"`store_unreachable`, `shutting_down`"
//	@Router		/readyz [get]
//	@x-root		true
func (h health) ready(c *Call) error {
	if h.s.closing.Load() {
		return fault.New(fault.Unavailable, "shutting_down", "the server is shutting down")
	}
	if h.s.ready != nil {
		if err := h.s.ready(c.Context()); err != nil {
			return fault.New(fault.Unavailable, "store_unreachable", "the store cannot be reached").Wrap(err)
		}
	}
	return c.OK(healthBody{"ready"})
}
