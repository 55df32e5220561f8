@service_coordination @gate @exclusive
Feature: Jobs survive the loss of a tools instance
  Segment:          Free, Mid and Enterprise
  Business goal:    Keep promises to customers while machines fail
  Value impact:     Every job ends with its results, and no request is made twice on the way
  Strategic impact: Tools can be updated and moved during working hours

  @CSC-04 @segment.free @segment.mid @segment.enterprise
  @needs.live_events @needs.job_records @needs.own_services
  Rule: When one of two instances crashes, the other completes every job once

    @needs.partner
    Scenario Outline: One of two instances crashes while both are working
      Given Acme is <a plan> customer
      And Acme watches events
      And two tools instances work for Acme
      When the <which> tools instance crashes while both work on twenty research jobs of Acme
      Then each job has its own results, and the partner has answered each request once
      And every service has one record of each job, and all records and events agree

      Examples:
        | a plan        | which  |
        | an Enterprise | first  |
        | a Free        | second |

    @needs.partner
    Scenario: An instance that crashes and comes back at once loses no job
      Given Acme is a Mid customer
      And Acme watches events
      And two tools instances work for Acme
      When the first tools instance crashes and comes back while both work on twenty research jobs of Acme
      Then each job has its own results, and the partner has answered each request once
      And Acme's next job runs on both tools instances

    @needs.partner
    Scenario: Jobs that begin right after a crash are completed
      Given Acme is a Mid customer
      And two tools instances work for Acme
      When the first tools instance crashes and Acme runs ten research jobs at once
      Then each job has its own results, and the partner has answered each request once

    @needs.tools @needs.partner
    Scenario: Tools are listed although an instance has just crashed
      Given Acme is an Early customer
      And two tools instances work for Acme
      When the first tools instance crashes and Acme lists the tools at once
      Then Acme receives the same list as before the crash

    @needs.partner
    Scenario: Finished work is not repeated when its response is lost
      Given Acme is a Mid customer
      And Acme watches events
      And two tools instances work for Acme
      When Acme runs four research tasks in parallel while the first instance's responses are lost
      Then each job has its own results, and the partner has answered each request once
      And every service has one record of each job, and all records and events agree
