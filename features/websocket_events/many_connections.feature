@websocket_events
Feature: Hundreds of customers can watch at once
  Segment:          Mid and Enterprise
  Business goal:    Grow from tens to hundreds of customers on the machines that we have
  Value impact:     The first hour of the working day feels like any other
  Strategic impact: The cost of one more connected customer decides our prices

  @WSE-08 @segment.mid @segment.enterprise
  Rule: Everyone in a crowd is shown their own events in time, and nobody pays for somebody else's slow line

    @nightly
    Scenario: Fifty organisations of ten people each see their own runs
      Given fifty organisations of ten people with stored usage
      And every customer watches
      When every customer runs a usage report
      Then every connection has received all events of its own customer's runs and nothing else
      And nearly all events arrive within the crowd event delivery budget

    @gate @exclusive
    Scenario: A connected customer costs the platform little memory
      Given fifty organisations of ten people with stored usage
      And the backend has just been started
      When every customer watches
      Then each connection has cost the platform no more than the socket memory budget

    @gate
    Scenario: A customer who does not read keeps nobody waiting
      Given ten customers with stored usage
      And each of them watches, but Acme does not read
      And more has been sent to Acme than the line holds
      When all others run a usage report
      Then every connection has received all events of its own customer's runs and nothing else
      And nearly all events arrive within the crowd event delivery budget

    @gate
    Scenario: A connection that takes nothing any more is given up
      Given Acme is a Mid customer
      And Acme watches, but does not read
      When more is sent to Acme than the line holds
      Then the platform closes the dead connection in time
