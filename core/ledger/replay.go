package ledger

import (
	"fmt"

	"kassa/core/journal"
	"kassa/core/writer"
)

// Replay puts into the books what the lines of one record post, and says what is wrong with them: units that do not sum to zero, balances
// that do not follow from the ones before.
func Replay(b *writer.Books, lines []journal.Line) (wrong []string) {
	sums := map[string]int64{}
	for _, l := range lines {
		sums[l.Unit] += l.Amount
		before, _ := writer.Find[*Account](b, ID(l.Account).Ref())
		after := &Account{id: ID(l.Account), unit: l.Unit, posted: before.Raw() + l.Amount}
		if after.posted != l.Balance {
			wrong = append(wrong, fmt.Sprintf("it says that account %s holds %d, and its lines sum to %d", l.Account, l.Balance, after.posted))
		}
		b.Put(after)
		if l.Unit != PointsUnit && b.Get(currencyRef) == nil {
			b.Put(&currency{unit: l.Unit})
		}
	}
	for unit, n := range sums {
		if n != 0 {
			wrong = append(wrong, fmt.Sprintf("its %s lines sum to %d", unit, n))
		}
	}
	return wrong
}
