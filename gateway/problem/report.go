package problem

import (
	"log/slog"

	"github.com/google/uuid"
)

// Of is [From] for the code that answers: it logs a fault of Docket, or damage
// to its log, under a number, which is all the caller receives.
func Of(logger *slog.Logger, err error) *Problem {
	p := From(err)
	if p == nil || p.Code != Internal && p.Code != Damaged || p.Instance != "" {
		return p
	}
	p.Instance = "urn:uuid:" + uuid.NewString()
	logger.Error("request failed", slog.String("instance", p.Instance), slog.Any("err", err))
	return p
}
