package jetstream

import (
	"fmt"

	js "github.com/nats-io/nats.go/jetstream"
)

// The error codes that matter to an append (nats-server, server/errors.json).
// The codes are stable, the texts are not.
const (
	codeWrongLastSequence         js.ErrorCode = 10071
	codeWrongLastSequenceInFlight js.ErrorCode = 10164 // another write to the subject is not finished

	codeDuplicateInBatch js.ErrorCode = 10201

	codeMessageNotFound js.ErrorCode = 10037

	codeAccountFull     js.ErrorCode = 10002
	codeServerFull      js.ErrorCode = 10023
	codeStorageFull     js.ErrorCode = 10047
	codeMessageTooLarge js.ErrorCode = 10054
	codeStoreFailed     js.ErrorCode = 10077 // the stream's own limits, or the disk
	codeHeaderTooLarge  js.ErrorCode = 10097
	codeSealed          js.ErrorCode = 10109
	codeNoBatches       js.ErrorCode = 10174
	codeBatchTooLarge   js.ErrorCode = 10199
)

// verdict is the meaning of a single answer to a publish.
type verdict int

const (
	written verdict = iota
	duplicate
	conflict
	refused
	unknown
)

// judge returns the verdict of an error answer. Codes that are not listed leave
// the outcome unknown: an overloaded server, an incomplete batch, a message id
// still in process, or a code that a later server introduces.
func judge(e *apiError) verdict {
	switch e.Code {
	case codeWrongLastSequence, codeWrongLastSequenceInFlight:
		return conflict
	case codeDuplicateInBatch:
		return duplicate
	case codeAccountFull, codeServerFull, codeStorageFull, codeMessageTooLarge, codeStoreFailed,
		codeHeaderTooLarge, codeSealed, codeNoBatches, codeBatchTooLarge:
		return refused
	}
	return unknown
}

// apiError is an error in a server's answer.
type apiError struct {
	Status      int          `json:"code"`
	Code        js.ErrorCode `json:"err_code"`
	Description string       `json:"description"`
}

func (e *apiError) Error() string {
	return fmt.Sprintf("server: %s (%d)", e.Description, e.Code)
}
