package bench

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
)

// The words of the articles' names. Every name has one of each.
var (
	makers = strings.Fields(`Alpine Baker Bauer Biohof Bergland Castello Continental Delta Edelweiss Falken Fischer Gusto Hansen Heimat Iglesia Jansen Kaiser
		Kornfeld Lindner Lorenz Mariner Meadow Nordic Oakwood Olmo Pacific Palmer Quinta Rivera Rosen Sankt Schneider Sierra Sonnen Tanner Tivoli Urban
		Valley Verde Wagner Weston Winter Yellow Zander`)
	kinds = strings.Fields(`Organic Smoked Dried Salted Sweet Bitter Fresh Frozen Roasted Ground Whole Sliced Mild Spicy Creamy Crunchy Light Dark Golden
		Classic Original Premium Vegan Natural Sparkling Still Wild Garden Country Farmhouse`)
	goods = strings.Fields(`Almonds Apples Bananas Beans Biscuits Bread Butter Cashews Cheese Cherries Chocolate Cider Coffee Cookies Crackers Cream Dates
		Detergent Eggs Espresso Figs Flour Grapes Ham Hazelnuts Honey Jam Juice Ketchup Lemonade Lentils Mango Margarine Milk Muesli Mushrooms Mustard Noodles
		Oats Olives Onions Oranges Pasta Peanuts Pears Peas Pepper Pickles Pizza Plums Popcorn Potatoes Pretzels Quinoa Raisins Rice Salami Salmon Salt Sauce
		Soap Spaghetti Spinach Strawberries Sugar Tea Toast Tofu Tomatoes Tuna Vanilla Vinegar Walnuts Water Yoghurt`)
	sizes = [...]string{"100 g", "250 g", "500 g", "1 kg", "2 kg"}
)

// The products that are looked up and not sold. They are the same in every run, so that a shop that is kept has them once.
const (
	articlesOf   = 0x6b61737361 // the second half of their ids
	atOnce       = 5000         // rows of one import
	firstBarcode = 290_000_000_000
)

// wordsOf returns the words of an article's name, of at least two letters each.
func wordsOf(i int) [3]string {
	n := scatter(uint64(i + 1)) //nolint:gosec // counted from 0
	return [3]string{makers[n%uint64(len(makers))], kinds[n>>16%uint64(len(kinds))], goods[n>>32%uint64(len(goods))]}
}

func articleID(i int) string {
	var text [36]byte
	return string(uuid(&text, scatter(uint64(i+1)), articlesOf)) //nolint:gosec // counted from 0
}

// barcodeOf returns an article's EAN-13, of those that shops give out themselves.
func barcodeOf(i int) string {
	digits, sum := fmt.Sprint(firstBarcode+i), 0
	for at, d := range digits {
		sum += int(d-'0') * (1 + 2*(at%2))
	}
	return digits + string(rune('0'+(10-sum%10)%10))
}

// fill brings n articles into the shop unless they are there, and tells how many are.
func (s *shop) fill(ctx context.Context, n int, told func(done int)) error {
	if s.catalogue == n {
		return nil
	}
	there, err := s.sells(ctx, n-1)
	for begin := 0; begin < n && err == nil && !there; begin += atOnce {
		end := min(begin+atOnce, n)
		var csv bytes.Buffer
		csv.WriteString("id,name,price,tax_rate_bp,stock,barcode\n")
		for i := begin; i < end; i++ {
			words := wordsOf(i)
			fmt.Fprintf(&csv, "%s,%s %s %d,%d,%d,24,%s\n", articleID(i), strings.Join(words[:], " "), sizes[i%len(sizes)], i+1, 1+i%50, 700, barcodeOf(i))
		}
		if err = s.bringIn(ctx, csv.Bytes(), end-begin); err == nil {
			told(end)
		}
	}
	if err == nil {
		s.catalogue = n
	}
	return err
}

// sells reports whether the article can be found.
func (s *shop) sells(ctx context.Context, article int) (bool, error) {
	var found struct{ Items []struct{ ID string } }
	_, err := s.api.do(ctx, request{method: http.MethodGet, path: "/products?barcode=" + barcodeOf(article), token: *s.manager.token.Load()}, &found)
	return len(found.Items) == 1, err
}
