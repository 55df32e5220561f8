@websocket_events
Feature: Every event can be traced to its request
  Segment:          Enterprise and Platform
  Business goal:    Settle a customer's question about an event without guessing
  Value impact:     Customers file each event under the question that they asked
  Strategic impact: Events that can be audited open regulated markets

  @WSE-05 @segment.enterprise @segment.platform
  Rule: The identities in an event are those of the request that caused it

    @smoke
    Scenario: Runs in different threads, one after the other, keep their identities
      Given Acme is an Enterprise customer with servers in the cloud
      And Acme watches
      When Acme runs a cost analysis in each of two threads, one after the other
      Then every event names these as its own request did
        | identity |
        | user     |
        | thread   |
        | run      |
        | request  |
        | trace    |

    @gate
    Scenario: Runs in different threads, side by side, keep their identities
      Given Acme is an Enterprise customer with servers in the cloud
      And Acme has stored usage
      And Acme watches
      When Acme runs a savings review in each of two threads, side by side
      Then every event names these as its own request did
        | identity |
        | user     |
        | thread   |
        | run      |
        | request  |
        | trace    |
