package broker

// Store is a stream, or the stream of a bucket, that a room uses. Rooms list
// their stores so that all of them can be backed up.
type Store struct {
	Stream string
	// Together has adjacent stores with this mark copied again until none of
	// them changes during the copy.
	Together bool
}

// BucketPrefix precedes the name of a bucket in the name of its stream, in
// every NATS client.
const BucketPrefix = "KV_"

// Bucket returns the store of a bucket.
func Bucket(name string) Store { return Store{Stream: BucketPrefix + name} }

// Together returns the store of a bucket whose content must be consistent with
// that of the adjacent stores marked the same way.
func Together(bucket string) Store { return Store{Stream: BucketPrefix + bucket, Together: true} }
