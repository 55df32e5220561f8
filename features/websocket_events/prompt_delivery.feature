@websocket_events
Feature: Events arrive while the run is in progress
  Segment:          Mid and Enterprise
  Business goal:    Keep busy teams in the conversation with their agents
  Value impact:     Customers see a step when it happens and can correct the agent at once
  Strategic impact: Agents that respond live are used every day

  @WSE-04 @segment.mid @segment.enterprise
  Rule: Nearly every event arrives within the delivery budget, also under load

    @gate
    Scenario: Ten concurrent runs are all shown live
      Given ten customers with servers in the cloud
      And every customer watches
      When every customer runs a cost analysis at the same moment
      Then nearly all events arrive within the event delivery budget
