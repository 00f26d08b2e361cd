package broker

// Store is a stream, or the stream of a bucket, in which a room keeps something.
// Rooms tell of theirs so that all of them can be backed up.
type Store struct {
	Stream string
	// Together has it copied again until none of those so marked that come one
	// after another has changed while they were copied.
	Together bool
}

// BucketPrefix comes before a bucket's name in that of its stream, in every client
// of NATS.
const BucketPrefix = "KV_"

// Bucket is the store of a bucket.
func Bucket(name string) Store { return Store{Stream: BucketPrefix + name} }

// Together is the store of a bucket whose content belongs together with that of
// those beside it.
func Together(bucket string) Store { return Store{Stream: BucketPrefix + bucket, Together: true} }
