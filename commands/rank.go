package commands

import (
	"strings"
	"time"
)

// A rank is a fraction between 0 and 1, written as its base-62 digits without
// the leading "0.". Ranks compare as bytes. Between two different ranks there
// is always another, so moving one card rewrites only that card.
const rankDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// MaxRank is the longest rank accepted, in characters. A rank grows by one
// character for about every five insertions between the same two neighbours.
const MaxRank = 128

// ValidRank reports whether rank is a fraction as returned by [RankBetween]. A
// rank does not end in 0, because nothing would fit between it and the same
// rank without that 0.
func ValidRank(rank string) bool {
	if rank == "" || len(rank) > MaxRank || rank[len(rank)-1] == rankDigits[0] {
		return false
	}
	for i := range len(rank) {
		if strings.IndexByte(rankDigits, rank[i]) < 0 {
			return false
		}
	}
	return true
}

// RankBetween returns a rank between after and before; "" stands for the
// beginning and for the end. If after does not sort before before, for example
// because another user has just moved one of the cards, the result sorts after
// after.
func RankBetween(after, before string) string {
	if before != "" && after >= before {
		before = ""
	}
	if before == "" {
		// Add one digit instead of going half the way to the end, so that the
		// rank stays below later results of RankAtEnd.
		return after + string(rankDigits[len(rankDigits)/2])
	}
	var rank []byte
	for i := 0; ; i++ {
		low, high := 0, len(rankDigits)
		if i < len(after) {
			low = strings.IndexByte(rankDigits, after[i])
		}
		if i < len(before) {
			high = strings.IndexByte(rankDigits, before[i])
		}
		if high-low > 1 {
			return string(append(rank, rankDigits[(low+high)/2]))
		}
		rank = append(rank, rankDigits[low])
		if low < high {
			// From here on every digit is below before: only after is a bound.
			for i++; ; i++ {
				low = 0
				if i < len(after) {
					low = strings.IndexByte(rankDigits, after[i])
				}
				if len(rankDigits)-low > 1 {
					return string(append(rank, rankDigits[(low+len(rankDigits))/2]))
				}
				rank = append(rank, rankDigits[low])
			}
		}
	}
}

// RankAtEnd returns a rank that sorts after those it returned at earlier times,
// as far as clocks agree: the digits of the time, in microseconds. It reads no
// other ranks, so creating tasks never contends, and the rank stays short
// however often it is called.
func RankAtEnd(now time.Time) string {
	return rankOf(uint64(max(now.UnixMicro(), 0)))
}

// RankAtStart returns a rank that sorts before those it returned at earlier
// times, and before every result of [RankAtEnd]: the digits of the remaining
// time, after a digit with which no current time begins.
func RankAtStart(now time.Time) string {
	return rankDigits[1:2] + rankOf(maxMicros-uint64(max(now.UnixMicro(), 0)))
}

const (
	rankWidth = 9
	maxMicros = 13_537_086_546_263_551 // 62^9 - 1 microseconds, beyond the year 400,000
)

func rankOf(n uint64) string {
	digits := make([]byte, rankWidth)
	for i := rankWidth - 1; i >= 0; i-- {
		digits[i] = rankDigits[n%62]
		n /= 62
	}
	return string(digits) + string(rankDigits[len(rankDigits)/2])
}
