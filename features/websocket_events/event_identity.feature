@websocket_events
Feature: Every event can be traced to its request
  Segment:          Enterprise and Platform
  Business goal:    Let customers match events with their own records
  Value impact:     Customers match each event with the request that caused it
  Strategic impact: Customers can pass our events to their own audit systems

  @WSE-05 @segment.enterprise @segment.platform
  @needs.conversations @needs.live_events @needs.cloud_accounts @needs.traces
  Rule: The IDs in an event are those of its request

    @smoke
    Scenario: Sequential runs in two conversations keep their IDs
      Given Acme is an Enterprise customer with servers in the cloud
      And Acme watches events
      When Acme runs a cost analysis in each of two conversations, one after the other
      Then every event carries these IDs of its own request
        | ID      |
        | user    |
        | thread  |
        | run     |
        | request |
        | trace   |

    @gate
    Scenario: A follow-up in the same conversation has its own IDs
      Given Acme is an Enterprise customer with servers in the cloud
      And Acme watches events
      When Acme runs three cost analyses in one conversation, one after the other
      Then every event carries these IDs of its own request
        | ID      |
        | user    |
        | thread  |
        | run     |
        | request |
        | trace   |

    @gate
    @needs.delegation
    Scenario: Concurrent runs in two conversations keep their IDs
      Given Acme is an Enterprise customer with servers in the cloud and stored usage
      And Acme watches events
      When Acme runs a savings review in each of two conversations, both in parallel
      Then every event carries these IDs of its own request
        | ID      |
        | user    |
        | thread  |
        | run     |
        | request |
        | trace   |

    @gate
    @needs.partner
    Scenario: A tool's progress reports carry the IDs of their request, too
      Given Acme is an Enterprise customer
      And Acme watches events
      When Acme runs research in each of two conversations, both in parallel
      Then every event carries these IDs of its own request
        | ID      |
        | user    |
        | thread  |
        | run     |
        | request |
        | trace   |
