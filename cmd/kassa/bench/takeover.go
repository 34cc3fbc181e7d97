package bench

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"kassa/core/fault"
)

// HistoryCategory is the category of the products that are sold in a shop with a history.
const HistoryCategory = "Bench history"

// takeOver learns what a shop with a history sells, and how its books stand.
func (s *shop) takeOver(ctx context.Context) error {
	err := pages(ctx, s, "/products?category="+url.QueryEscape(HistoryCategory), func(p struct {
		ID           string
		Price, Stock int64
	},
	) error {
		s.products = append(s.products, product{id: p.ID, price: p.Price, stock: p.Stock})
		return nil
	})
	if err != nil {
		return err
	}
	err = pages(ctx, s, "/registers", func(r struct {
		ID      string
		Balance int64
	},
	) error {
		last, err := s.lastBill(ctx, r.ID)
		last.register = int32(len(s.registers)) //nolint:gosec // a few
		s.registers, s.cash, s.last = append(s.registers, r.ID), append(s.cash, r.Balance), append(s.last, last)
		return err
	})
	if err == nil && (len(s.products) < popular || len(s.registers) == 0) {
		err = fault.New(fault.Unavailable, "history_missing", "the shop has %d products and %d registers of a history", len(s.products), len(s.registers))
	}
	return err
}

// How long the reports of a history are waited for, and what is quick.
const (
	settleTime  = 10 * time.Minute
	settlePause = 200 * time.Millisecond
	quick       = time.Second
)

// settle waits until a report of the year is quick: a server adds up first what it had no time for before its start. One without reports is settled.
func (s *shop) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	r := request{method: http.MethodGet, path: summaryPath + "?" + between(s.today.AddDate(0, 0, -364), s.today), token: *s.manager.token.Load()}
	for ctx.Err() == nil {
		began := time.Now()
		status, err := s.api.do(ctx, r, nil)
		if status == http.StatusNotFound || err == nil && time.Since(began) < quick {
			return
		}
		wait(ctx.Done(), settlePause)
	}
}

// lastBill returns the newest bill of a register.
func (s *shop) lastBill(ctx context.Context, register string) (bill, error) {
	var found struct {
		Items []struct {
			ReceiptNumber int64 `json:"receipt_number"`
			Hash          string
		}
	}
	_, err := s.api.do(ctx, request{
		method: http.MethodGet, path: "/bills?limit=1&register_id=" + url.QueryEscape(register), token: *s.manager.token.Load(),
	}, &found)
	if err != nil || len(found.Items) == 0 {
		return bill{}, err
	}
	newest := found.Items[0]
	hash, ok := first16([]byte(strconv.Quote(newest.Hash)))
	if !ok {
		return bill{}, errBill
	}
	return bill{number: newest.ReceiptNumber, hash: hash}, nil
}

// pages gives all items of a list to fn.
func pages[T any](ctx context.Context, s *shop, path string, fn func(T) error) error {
	u, err := url.Parse(path)
	if err != nil {
		return err
	}
	for q := u.Query(); ; {
		q.Set("limit", "200")
		var list struct {
			Items []T
			Next  *string `json:"next_cursor"`
		}
		if _, err := s.api.do(ctx, request{method: http.MethodGet, path: u.Path + "?" + q.Encode(), token: *s.manager.token.Load()}, &list); err != nil {
			return err
		}
		for _, item := range list.Items {
			if err := fn(item); err != nil {
				return err
			}
		}
		if list.Next == nil {
			return nil
		}
		q.Set("cursor", *list.Next)
	}
}
