// Package rest serves Kassa's REST API with Fiber.
package rest
