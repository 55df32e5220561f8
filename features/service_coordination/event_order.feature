@service_coordination
Feature: What several services have to tell comes as one story
  Segment:          Free, Mid and Enterprise
  Business goal:    Let customers follow long work as it happens, whoever does it
  Value impact:     Whoever watches sees cause before effect, and how far a long step has come
  Strategic impact: More services can take part in a job without customers noticing the seams

  @CSC-02 @segment.free @segment.mid @segment.enterprise
  Rule: Events that different services cause are told in the order in which they came about

    @smoke
    Scenario: What a tool reports is told in its place
      Given Acme is a Mid customer
      And Acme watches
      When Acme has three things surveyed by a tool that reports on each
      Then Acme has received every event of the run in order, each once
      And each report was told after what led to it and before what followed from it

    @gate
    Scenario: The reports of tools side by side are told in their places
      Given Acme is an Enterprise customer
      And Acme watches
      When Acme has two surveys of three things made side by side
      Then Acme has received every event of the run in order, each once
      And each report was told after what led to it and before what followed from it

    @gate
    Scenario: How far a tool has come is told while it is still at work
      Given Acme is a Free customer
      And Acme watches
      When Acme has two things surveyed, of which the partner holds back the second
      Then Acme is told that one of the two is done while the run is still at work
