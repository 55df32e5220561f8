@websocket_events
Feature: Every event can be traced to its request
  Segment:          Enterprise and Platform
  Business goal:    Answer a customer's question about an event from its IDs alone
  Value impact:     Customers file each event under the request that caused it
  Strategic impact: Events that can be audited open regulated markets

  @WSE-05 @segment.enterprise @segment.platform
  Rule: The IDs in an event are those of its request

    @smoke
    Scenario: Sequential runs in two threads keep their IDs
      Given Acme is an Enterprise customer with servers in the cloud
      And Acme watches
      When Acme runs a cost analysis in each of two threads, one after the other
      Then every event carries these IDs of its own request
        | ID      |
        | user    |
        | thread  |
        | run     |
        | request |
        | trace   |

    @gate
    Scenario: Concurrent runs in two threads keep their IDs
      Given Acme is an Enterprise customer with servers in the cloud and stored usage
      And Acme watches
      When Acme runs a savings review in each of two threads, both at once
      Then every event carries these IDs of its own request
        | ID      |
        | user    |
        | thread  |
        | run     |
        | request |
        | trace   |
