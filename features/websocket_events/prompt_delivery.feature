@websocket_events
Feature: Events arrive while they are news
  Segment:          Mid and Enterprise
  Business goal:    Keep busy teams in the conversation with their agents
  Value impact:     Customers see a step when it happens and can step in
  Strategic impact: Agents that feel present are used every day

  @WSE-04 @segment.mid @segment.enterprise
  Rule: Nearly every event reaches the customer within the event delivery budget, also on a busy platform

    @gate
    Scenario: Ten runs side by side are all shown live
      Given ten customers with servers in the cloud
      And every customer watches
      When every customer runs a cost analysis at the same moment
      Then nearly all events arrive within the event delivery budget
