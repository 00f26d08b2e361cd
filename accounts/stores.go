package accounts

import "github.com/docketlog/docket/broker"

// People is the store with a message for each account.
var People = broker.Together(PeopleBucket)

// Stores are what accounts keep, in the order in which it is copied while people
// work: what may be newer comes after what it must not be older than.
func Stores() []broker.Store {
	return []broker.Store{
		broker.Bucket(InstanceBucket),
		People, broker.Together(CredentialsBucket), broker.Together(FiltersBucket), broker.Together(TokensBucket),
		broker.Bucket(SessionsBucket),
		broker.Bucket(AttemptsBucket),
	}
}
