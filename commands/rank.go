package commands

import (
	"strings"
	"time"
)

// A rank is a fraction between 0 and 1, written as its digits in base 62
// without the leading "0.". Ranks compare as bytes, and between two different
// ranks there is always another, so that moving one card rewrites one card.
const rankDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// MaxRank is the longest rank accepted, in characters. Insertions between the
// same two neighbours lengthen a rank by a character about every five.
const MaxRank = 128

// ValidRank reports whether rank is a fraction as [RankBetween] gives it. A
// rank does not end in 0, or nothing would fit between it and the same
// without.
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

// RankBetween is a rank after one and before the other; "" stands for the
// beginning and for the end. Where after does not lie before before, as when
// somebody else has just moved one of them, the result lies after after.
func RankBetween(after, before string) string {
	if before != "" && after >= before {
		before = ""
	}
	if before == "" {
		// One digit more, not half the way to the end, so that it stays below
		// what RankAtEnd gives later.
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
			// From here on anything is below before: only after bounds it.
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

// RankAtEnd is a rank that lies after those it gave at earlier times, as far as
// clocks agree: the digits of the time, in microseconds. It needs no look at
// the others, so that creating tasks never contends, and it stays short however
// often it is asked.
func RankAtEnd(now time.Time) string {
	return rankOf(uint64(max(now.UnixMicro(), 0)))
}

// RankAtStart is a rank that lies before those it gave at earlier times, and
// before all of [RankAtEnd]: the digits of the time that is left, behind one
// that no time of this age begins with.
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
